//! An emulated Alibaba Cloud over real HTTP, for tests, benches and the demo.
//!
//! One server on a loopback port answers SMC `ListAccessTokens`, IMS `ListVirtualMFADevices`, STS `GetCallerIdentity`,
//! `AssumeRole` and `AssumeRoleWithOIDC`, and beside them the metadata service of an ECS instance and credentials URIs.
//! It depends on nothing of the project, so that one wrong idea about the API cannot be on both sides.
//!
//! In reading order, which is the way of a request:
//!
//! 1. [`Emulator`] starts the server and hands out what tests edit and read back;
//! 2. `server` speaks HTTP, catches panics and carries out the faults that touch the connection;
//! 3. `auth` verifies the ACS3-HMAC-SHA256 signature, date, nonce, token and permission;
//! 4. `api` answers one operation from an [`Inventory`], or issues a session of a [`Role`]; `local` does without a signature;
//! 5. `fault` bends the answer, by script ([`Fault`]);
//! 6. `lifecycle` lets weeks of life pass when the emulated [`Clock`] is advanced, and keeps the truth in [`Event`]s.
//!
//! ```no_run
//! # async fn example() -> Result<(), emulator::StartError> {
//! use emulator::{AccessKey, AccountOptions, Emulator, Fault, Options};
//!
//! let account = AccountOptions::new("1772422852740001")
//!     .key(AccessKey::new("LTAI5tExample", "secret"))
//!     .generated(120, 40);
//! let emulator = Emulator::start(Options::new().account(account)).await?;
//! emulator.add_fault(Fault::throttled(Some(250)).action("ListAccessTokens").times(2));
//! println!("{}", emulator.url());
//! # Ok(())
//! # }
//! ```

mod account;
mod api;
mod auth;
mod clock;
mod dataset;
mod emulator;
mod fault;
mod inventory;
mod lifecycle;
mod local;
mod options;
mod policy;
mod request;
mod request_log;
mod role;
mod server;
mod state;
mod timestamp;
mod words;

pub use account::{AccessKey, AccountSettings, Member};
pub use api::{ASSUME_ROLE, ASSUME_ROLE_WITH_OIDC, CodeOrder, LIST_ACCESS_TOKENS, LIST_VIRTUAL_MFA_DEVICES, Paging};
pub use clock::Clock;
pub use emulator::{Emulator, StartError};
pub use fault::{BytesEdit, Effect, Fault, FaultId, InventoryEdit, JsonEdit, RequestView};
pub use inventory::{AccessToken, Inventory, MfaDevice, User, status};
pub use lifecycle::{Event, EventKind, LifecycleRates, ObjectKind};
pub use local::{CREDENTIALS_URI, Instance, METADATA_ROLE, METADATA_SESSION, METADATA_TOKEN};
pub use options::{AccountOptions, Options, Stock};
pub use request_log::RequestRecord;
pub use role::{Role, Session};
