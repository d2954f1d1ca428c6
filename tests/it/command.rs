//! Starts the binary, as a person would.

use std::path::Path;

use assert_cmd::Command;

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What was printed, of a command that must have succeeded.
    #[track_caller]
    pub fn printed(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }
}

/// Runs `paydirt` with these arguments in a folder.
pub fn paydirt(folder: &Path, arguments: &[&str]) -> Said {
    paydirt_fed(folder, arguments, "")
}

/// The same with this text on standard input.
pub fn paydirt_fed(folder: &Path, arguments: &[&str], input: &str) -> Said {
    run(folder, arguments, input, &[])
}

/// The same with a Stripe key in the environment.
pub fn paydirt_with_key(folder: &Path, arguments: &[&str], key: &str) -> Said {
    run(folder, arguments, "", &[("STRIPE_API_KEY", key)])
}

/// The same with a PostHog key in the environment.
pub fn paydirt_with_posthog_key(folder: &Path, arguments: &[&str], key: &str) -> Said {
    run(folder, arguments, "", &[("POSTHOG_API_KEY", key)])
}

/// The same with these variables in the environment.
pub fn paydirt_within(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    run(folder, arguments, "", variables)
}

/// What a person's own environment would say.
const OWN: &[&str] = &[
    "NO_COLOR",
    "STRIPE_API_KEY",
    "POSTHOG_API_KEY",
    "DATABASE_URL",
    "PGPASSWORD",
    "PGPASSFILE",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
];

fn run(folder: &Path, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Said {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("paydirt"));
    command.current_dir(folder);
    for own in OWN {
        command.env_remove(own);
    }
    command.envs(variables.iter().copied());
    let output = command.args(arguments).write_stdin(input).output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
