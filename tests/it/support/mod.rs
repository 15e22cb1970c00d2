//! What every integration test stands on: a database of its own, an emulated cloud, a clock to move.

mod chronicle;
mod database;
pub(crate) mod desk;
pub(crate) mod dump;
pub(crate) mod estate;
mod everything;
pub(crate) mod gate;
pub(crate) mod grafana;
pub(crate) mod pg_proxy;
mod questions;
mod snapshot;
mod stock;
mod transplant;
mod truth;
mod world;

pub(crate) use chronicle::{ABSENT, Chronicle, DELETED, TrueLife};
pub(crate) use database::{TestDatabase, cluster};
pub(crate) use desk::Desk;
pub(crate) use questions::Question;
pub(crate) use snapshot::{Relation, rows_of, snapshot};
pub(crate) use stock::{code, device, stock, user};
pub(crate) use transplant::transplant;
pub(crate) use truth::Objects;
pub(crate) use world::{ACCOUNT_ID, World, account, applied, instant, present};
