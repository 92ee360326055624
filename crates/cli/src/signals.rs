//! The signals that stop the program: Ctrl-C, a service manager's TERM, a closed terminal's HUP.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Returns a token that the first of these signals cancels. From the moment of the call they no longer end
/// the process by themselves, so that engines are stopped in order.
pub(crate) fn stop() -> CancellationToken {
    let token = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        // Registering fails only for signals that cannot be caught; these can.
        if let Ok(mut signals) = signal(kind) {
            let token = token.clone();
            tokio::spawn(async move {
                signals.recv().await;
                token.cancel();
            });
        }
    }
    token
}
