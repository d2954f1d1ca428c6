//! Parse, run, print. Exit 0: done, whatever the verdict; 1: the data said no; 2: an error.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use paydirt::cli::Cli;
use paydirt::commands;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Batches are made on one thread and let go of on another: the system's allocator then keeps twice
/// the memory, and asks the kernel for it anew all the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Deep plans overflow the default stack of a debug build.
const STACK_BYTES: usize = 16 << 20;
/// A checkpoint of the lake reads a hundred files at once, each on a thread; those that stay take
/// turns from then on, and each keeps memory of its own.
const KEEP_ALIVE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let cli = Cli::parse();
    quieten_panics();
    // `PAYDIRT_LOG=paydirt=debug` tells what is computed, and how long that takes.
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::OFF.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.with_env_var("PAYDIRT_LOG").from_env_lossy())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .thread_keep_alive(KEEP_ALIVE)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return commands::fail(&error.into()),
    };
    // The main thread's stack is what the system gives; the work runs on the runtime's own.
    let outcome = runtime.block_on(async { tokio::spawn(commands::run(cli)).await });
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => commands::fail(&error),
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) if panic.downcast_ref::<String>().is_some_and(|it| is_reader_gone(it)) => {
                ExitCode::SUCCESS
            }
            _ => ExitCode::from(2),
        },
    }
}

/// Whoever reads what is printed may have had enough (`paydirt status | head`). That is no error, and
/// `println!` can only panic.
fn is_reader_gone(panic: &str) -> bool {
    panic.starts_with("failed printing to stdout") && panic.contains("Broken pipe")
}

/// Says nothing of a reader that is gone.
fn quieten_panics() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_reader_gone(panic.payload_as_str().unwrap_or_default()) {
            say(panic);
        }
    }));
}
