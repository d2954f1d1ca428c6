//! What every command that syncs has: it ends at a signal, and its bar ends with it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

/// Ctrl-C and SIGTERM end a sync at its next commit.
pub fn on_signal(stop: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            if let Ok(mut terminate) = signal(SignalKind::terminate()) {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
                return stop();
            }
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            stop();
        }
    })
}

/// Shows the share that is done, and what is being done, until the task is aborted.
pub fn bar(show: impl Fn() -> (f64, String) + Send + 'static) -> JoinHandle<()> {
    let bar = ProgressBar::new(1_000);
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {percent:>3} % {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    // The bar goes when its task is dropped.
    let bar = Clearing(bar);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tick.tick().await;
            let (share, message) = show();
            bar.0.set_position((share * 1_000.0) as u64);
            bar.0.set_message(message);
        }
    })
}

struct Clearing(ProgressBar);

impl Drop for Clearing {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
