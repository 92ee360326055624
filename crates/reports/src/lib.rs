//! A person's reports as pure functions of their hours. No I/O: the caller reads the [`Hours`].
//!
//! [`Person`] contains the prostheses and the hours that have data, without their values. [`Hours`] adds the
//! values of the months that a query needs, which [`months`] and [`by_day_months`] return. Sums and counts
//! are returned unrounded; the API divides and rounds.
//!
//! Values are summed in order of hour and prosthesis, so that the same hours give the same bits.

mod by_day;
mod columns;
mod days;
mod hours;
mod month;
mod neighbours;
mod person;
mod presence;
mod quantile;
mod summary;
mod sums;
mod typical;
mod zone;

pub use self::by_day::{ByDay, DayRow, by_day, by_day_months};
pub use self::columns::{MonthHours, Row};
pub use self::days::{Days, days};
pub use self::hours::Hours;
pub use self::month::{Month, months};
pub use self::neighbours::{Neighbours, neighbours};
pub use self::person::{Person, Prosthesis};
pub use self::presence::Presence;
pub use self::summary::{Summary, summary};
pub use self::sums::Sums;
pub use self::typical::{TypicalHour, typical};
pub use self::zone::day_start;
