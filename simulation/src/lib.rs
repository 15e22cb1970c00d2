//! A random world whose whole history is known, scanned by the real worker over real HTTP into a real
//! PostgreSQL, and checked after every scan against the truth.
//!
//! One seed decides an episode: what happens, when it is scanned, what goes wrong. In reading order:
//!
//! 1. `time` is the true time and the worker's skewed idea of it; `life` and `truth` are what truly was;
//! 2. `happening` lets things happen, between scans and between the pages of one;
//! 3. `trouble` makes the API fail and lie, `witness` sees each request as it is answered;
//! 4. `episode` drives a worker through it, `scan` makes one scan, interrupted or not;
//! 5. `rows` reads the database, `memory` keeps what was seen in it;
//! 6. `check` holds the one against the other; a [`Violation`] says which promise broke, and how to see it again.

mod broken;
mod check;
mod episode;
mod ground;
mod happening;
mod life;
mod memory;
mod rows;
mod scan;
mod setting;
mod tally;
mod time;
mod trouble;
mod truth;
mod violation;
mod witness;

pub use broken::{Broken, Halt};
pub use episode::run_episode;
pub use ground::Ground;
pub use tally::Tally;
pub use violation::Violation;
