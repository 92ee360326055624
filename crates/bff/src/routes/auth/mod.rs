//! `/auth`: signing in and out, and managing one's own sessions.

pub(super) mod backchannel_logout;
pub(super) mod callback;
pub(super) mod extend;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod me;
pub(super) mod sessions;
