//! What every command that syncs has: it ends at a signal, and its bar ends with it.

use indicatif::ProgressBar;
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

/// A bar that goes when it is dropped.
pub struct Clearing(pub ProgressBar);

impl Drop for Clearing {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
