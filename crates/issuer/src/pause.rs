//! Holds exchanges at the token endpoint, for tests that kill or stop a process meanwhile.
use tokio::sync::watch;

/// The point at which an exchange is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PausePoint {
    /// The issuer has received the request and has not processed it.
    BeforeGrant,
    /// The code or refresh token is used up, and the response has not been sent.
    AfterGrant,
}

/// The point at which exchanges are held now, and their number.
#[derive(Debug)]
pub(crate) struct Pause {
    at: watch::Sender<Option<PausePoint>>,
    held: watch::Sender<usize>,
}

/// Exchanges are held until this is dropped.
#[derive(Debug)]
pub struct Paused<'a>(&'a Pause);

impl Pause {
    pub(crate) fn new() -> Self {
        Pause { at: watch::Sender::new(None), held: watch::Sender::new(0) }
    }

    pub(crate) fn begin(&self, at: PausePoint) -> Paused<'_> {
        self.at.send_replace(Some(at));
        Paused(self)
    }

    pub(crate) async fn pass(&self, moment: PausePoint) {
        let mut at = self.at.subscribe();
        if *at.borrow_and_update() == Some(moment) {
            let _one = Held::of(self);
            // Cannot fail: `self` owns the sender.
            let _ = at.wait_for(|at| *at != Some(moment)).await;
        }
    }
}

impl Paused<'_> {
    /// Waits until `count` exchanges are held; one whose client has disconnected does not count.
    pub async fn until_held(&self, count: usize) {
        // Cannot fail: the borrowed value owns the sender.
        let _ = self.0.held.subscribe().wait_for(|held| *held == count).await;
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.at.send_replace(None);
    }
}

/// Counts an exchange for as long as it is held.
struct Held<'a>(&'a Pause);

impl<'a> Held<'a> {
    fn of(pause: &'a Pause) -> Self {
        pause.held.send_modify(|held| *held += 1);
        Held(pause)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.send_modify(|held| *held -= 1);
    }
}
