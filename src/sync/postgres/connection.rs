//! A connection that only reads.

use std::path::Path;

use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, CopyOutStream, Statement};

use super::address::{Address, SslMode};
use super::settings::PostgresSource;
use super::{failure, password, tls};
use crate::error::{Error, Result};
use crate::time::SECOND_US;

/// A session at the server of one entry.
pub struct Connection {
    client: Client,
    /// Moves bytes between the socket and the client.
    driver: JoinHandle<()>,
    statement_timeout: i64,
    /// `host:port/database`, for people.
    pub place: String,
    pub sslmode: SslMode,
}

impl Connection {
    /// Connects as the entry says; `root` is the project's folder.
    pub async fn open(source: &PostgresSource, root: &Path) -> Result<Self> {
        let address = Address::of(source)?;
        let password = password::find(source, &address, root)?;
        let tls = tls::connector(&address)?;
        let mut config = address.config.clone();
        if let Some(password) = &password {
            config.password(password.secret.expose_secret());
        }
        let origin = password.as_ref().map(|password| password.origin.as_str());
        let connected = config.connect(tls).await;
        let (client, connection) =
            connected.map_err(|error| failure::unconnected(&error, &address.place, origin))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection ended");
            }
        });
        Ok(Self {
            client,
            driver,
            statement_timeout: source.statement_timeout()?,
            place: address.place,
            sslmode: address.sslmode,
        })
    }

    /// Begins a transaction that sees one moment and cannot write; gives the server's time, µs.
    pub async fn begin(&self) -> Result<i64> {
        let timeout = (self.statement_timeout / (SECOND_US / 1_000)).clamp(1, i64::from(i32::MAX));
        let sql = format!(
            "begin isolation level repeatable read read only; \
             set local statement_timeout = {timeout}; \
             set local timezone = 'UTC'; \
             set local datestyle = 'ISO'; \
             set local intervalstyle = 'iso_8601'"
        );
        self.client.batch_execute(&sql).await.map_err(|error| failure::failed(&error))?;
        let now = "select (extract(epoch from transaction_timestamp()) * 1000000)::bigint";
        self.number(now).await
    }

    pub async fn end(&self) -> Result<()> {
        self.client.batch_execute("commit").await.map_err(|error| failure::failed(&error))
    }

    /// Ends a transaction that failed, so that another can begin.
    pub async fn give_up(&self) {
        let _ = self.client.batch_execute("rollback").await;
    }

    pub async fn prepare(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        self.client.prepare(sql).await
    }

    /// The rows of a query as they are sent: one or more whole messages at a time.
    pub async fn copy(&self, sql: &str) -> Result<CopyOutStream> {
        let copy = format!("copy ({sql}) to stdout (format binary)");
        self.client.copy_out(&copy).await.map_err(|error| failure::failed(&error))
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str, parameters: &[&str]) -> Result<Vec<String>> {
        let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            parameters.iter().map(|text| text as _).collect();
        let rows = self.client.query(sql, &parameters).await;
        let rows = rows.map_err(|error| failure::failed(&error))?;
        rows.iter()
            .map(|row| row.try_get(0).map_err(|_| failure::garbled("a row that is no text")))
            .collect()
    }

    /// The oldest transaction that is under way, and the one that would be next; equal if there is
    /// none.
    pub async fn transactions(&self) -> Result<(i64, i64)> {
        let sql = "select array[pg_snapshot_xmin(now)::text, pg_snapshot_xmax(now)::text]::bigint[] \
                   from pg_current_snapshot() as now";
        let row = self.client.query_one(sql, &[]).await.map_err(|error| failure::failed(&error))?;
        let both: Vec<i64> = row.try_get(0).map_err(|_| failure::garbled("no snapshot"))?;
        match both[..] {
            [oldest, next] => Ok((oldest, next)),
            _ => Err(failure::garbled("no snapshot")),
        }
    }

    async fn number(&self, sql: &str) -> Result<i64> {
        let row = self.client.query_one(sql, &[]).await;
        let row = row.map_err(|error| failure::failed(&error))?;
        row.try_get(0).map_err(|_| failure::garbled("a row that is no number"))
    }

    /// The server's version, as it tells it.
    pub async fn version(&self) -> Result<String> {
        let version = self.texts("select current_setting('server_version')", &[]).await?;
        version.into_iter().next().ok_or_else(|| Error::new("the server has no version"))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
