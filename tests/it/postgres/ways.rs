//! The way to the server: TLS as libpq means it.

use std::process::Command;

use super::run;
use super::server::{Server, servers};
use crate::company::Company;

/// An authority, a key, and a certificate for `localhost` that the authority signed.
const CERTIFICATES: &str = "
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=authority -keyout ca.key -out ca.crt
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key -out request
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > extensions
    openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 \\
        -extfile extensions -out certificate";

/// A server that can encrypt, and the certificate of its authority.
fn server_with_tls(test: &str) -> Option<(Server, String)> {
    let servers = servers(test);
    let mut servers = servers.iter().map(|binaries| Server::start(binaries));
    let can = |server: &Server| {
        !server.connect().value("select current_setting('ssl_library')").is_empty()
    };
    let Some(mut server) = servers.find(can) else {
        eprintln!("{test}: skipped: no Postgres server with TLS");
        return None;
    };
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: no openssl");
        eprintln!("{test}: skipped: no openssl");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let made =
        Command::new("sh").args(["-ec", CERTIFICATES]).current_dir(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    server.write("server.key", &read("key"), 0o600);
    server.write("server.crt", &read("certificate"), 0o600);
    server.sql("create table users (id int primary key); insert into users values (1)");
    server.stop();
    server.run(&["ssl=on"]);
    Some((server, read("ca.crt")))
}

#[test]
fn tls_is_as_strict_as_it_is_told_to_be() {
    let test = "tls_is_as_strict_as_it_is_told_to_be";
    let Some((server, authority)) = server_with_tls(test) else { return };
    let company = Company::new("");
    let path = company.write("root.crt", authority);
    let path = path.display();
    let own = std::fs::read_to_string(server.data().join("server.crt")).unwrap();
    let own = company.write("own.crt", own);
    let own = own.display();
    let connect = |host: &str, parameters: &str| {
        let url = format!("postgres://postgres@{host}:{}/postgres{parameters}", server.port);
        company.write(
            "paydirt.toml",
            format!("[[source.postgres]]\nname = \"users\"\nurl = \"{url}\"\ntable = \"users\"\nkey = \"id\"\n"),
        );
        run(&company, &["check", "postgres"])
    };
    for (host, parameters, protection) in [
        ("127.0.0.1", "", "encrypted if the server can"),
        ("127.0.0.1", "?sslmode=disable", "not encrypted"),
        ("127.0.0.1", "?sslmode=require", "the server is not verified"),
        ("127.0.0.1", &format!("?sslmode=verify-ca&sslrootcert={path}"), "authority is verified"),
        ("127.0.0.1", &format!("?sslmode=require&sslrootcert={own}"), "authority is verified"),
        (
            "localhost",
            &format!("?sslmode=verify-full&sslrootcert={path}"),
            "the server is verified",
        ),
    ] {
        let said = connect(host, parameters).printed();
        assert!(said.contains(protection), "{parameters}: {said}");
    }
    for (host, parameters) in [
        ("127.0.0.1", format!("?sslmode=verify-full&sslrootcert={path}")),
        ("localhost", "?sslmode=verify-full".to_owned()),
        ("localhost", "?sslmode=verify-ca".to_owned()),
    ] {
        let said = connect(host, &parameters);
        assert_eq!(said.code, 1, "{host} {parameters}: {}", said.out);
        assert!(said.err.contains("no encrypted connection"), "{parameters}: {}", said.err);
    }
    let said = connect("127.0.0.1", "?sslmode=sometimes");
    assert!(said.err.contains("sslmode=sometimes is not known"), "{}", said.err);
}

#[test]
fn what_must_be_encrypted_is_refused_where_it_cannot_be() {
    let test = "what_must_be_encrypted_is_refused_where_it_cannot_be";
    let Some(server) = super::server::server(test) else { return };
    server.sql("create table users (id int primary key)");
    let url = format!("{}?sslmode=require", server.url());
    let company = Company::new(&format!(
        "[[source.postgres]]\nname = \"users\"\nurl = \"{url}\"\ntable = \"users\"\nkey = \"id\"\n"
    ));
    let said = run(&company, &["sync", "postgres"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no encrypted connection"), "{}", said.err);
}
