//! Faults of the API: what is kept of a scan that meets one, what is not, and how the scan says so.
//!
//! Before each fault the cloud has changed on the first page, on the last, and by a removal between them: so it shows
//! how far the scan got, and whether it buried anything. In the end an undisturbed scan must make the inventory equal
//! to the cloud again.

mod command;
mod content;
mod counting;
mod markers;
mod transport;

use std::cell::{Cell, RefCell};

use emulator::Fault;
use stocktake::{
    cli::Exit,
    config::Config,
    inventory::Source,
    store::Outcome,
    worker::{TargetOutcome, TargetReport},
};

use crate::support::{ACCOUNT_ID, Objects, World, account, code, device, stock, user};

/// Three pages of ten.
const STOCK_COUNT: usize = 30;
const PAGE_LENGTH: usize = 10;

/// How much of the cloud's changes a scan applies; each holds those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Applied {
    Nothing,
    FirstPage,
    AllButDeletes,
    Everything,
}

/// What must come of a scan.
struct Expected {
    outcome: Outcome,
    error_code: &'static str,
    applied: Applied,
    /// What the one line must hold beside account, source and outcome.
    line: &'static [&'static str],
}

/// The scan proves the whole truth in spite of the fault.
fn complete() -> Expected {
    Expected { outcome: Outcome::Complete, error_code: "", applied: Applied::Everything, line: &[] }
}

/// The scan ends short, with so much applied.
fn incomplete(error_code: &'static str, applied: Applied, line: &'static [&'static str]) -> Expected {
    Expected { outcome: Outcome::Incomplete, error_code, applied, line }
}

/// Nothing could be read.
fn failed(error_code: &'static str, line: &'static [&'static str]) -> Expected {
    Expected { outcome: Outcome::Failed, error_code, applied: Applied::Nothing, line }
}

/// A target that faults strike, one after the other.
struct Rig {
    world: World,
    source: Source,
    round: Cell<usize>,
    pending: RefCell<Option<Pending>>,
}

/// Changes of the cloud that no scan has applied in full yet.
#[derive(Clone)]
struct Pending {
    early: String,
    new: String,
    late: String,
    removed: String,
}

impl Pending {
    fn new(ids: &[String], new: String) -> Self {
        let id = |index: usize| ids[index].clone();
        Self { early: id(0), new, late: id(STOCK_COUNT - 1), removed: id(STOCK_COUNT / 2) }
    }
}

impl Rig {
    /// Thirty objects, scanned; single requests are not sent again unless `configure` says so.
    async fn new(source: Source, configure: impl FnOnce(&mut Config)) -> Self {
        let account = account().inventory(stock(STOCK_COUNT, STOCK_COUNT)).page_limit(PAGE_LENGTH);
        let mut world = World::of(account, |config| config.api.max_attempts = 1).await;
        world.scan_whole(source).await;
        world.reconfigure(configure);
        Self { world, source, round: Cell::new(STOCK_COUNT), pending: RefCell::default() }
    }

    /// Scans under `faults` of this source's listing and holds what comes of it against `expected`.
    async fn strike(&self, name: &str, faults: impl IntoIterator<Item = Fault>, expected: Expected) {
        let name = format!("{name}, {}", self.source);
        let world = &self.world;
        let before = world.kept(self.source).await;
        let fingerprint = match expected.applied {
            Applied::Nothing => Some(world.fingerprint().await),
            _ => None,
        };
        let Pending { early, new, late, removed } = self.change();
        let truth = world.truth(self.source);

        let action = action(self.source);
        let faults: Vec<_> = faults.into_iter().map(|fault| world.emulator.add_fault(fault.action(action))).collect();
        let report = world.scan(self.source).await;
        for fault in faults {
            assert!(world.emulator.fault_count(fault) > 0, "{name}: a fault struck nothing");
        }
        world.emulator.clear_faults();
        check_report(&name, &report, &expected);
        self.check_ledger(&name, &report, &expected).await;

        let mut wanted = before;
        // New codes come first, new devices last.
        let [new_code, new_device] = match self.source {
            Source::AccessTokens => [Some(new), None],
            Source::MfaDevices => [None, Some(new)],
        };
        let shown = [
            (Applied::FirstPage, Some(early)),
            (Applied::FirstPage, new_code),
            (Applied::AllButDeletes, Some(late)),
            (Applied::AllButDeletes, new_device),
        ];
        for (step, id) in shown {
            wanted.extend(id.filter(|_| expected.applied >= step).map(|id| (id.clone(), truth[&id].clone())));
        }
        match expected.applied {
            Applied::Nothing => assert_eq!(Some(world.fingerprint().await), fingerprint, "{name} wrote a row"),
            Applied::FirstPage | Applied::AllButDeletes => (),
            Applied::Everything => {
                wanted.remove(&removed);
                assert_eq!(difference(&wanted, &truth), "", "{name}: the test itself");
                self.pending.take();
            }
        }
        assert_eq!(difference(&world.kept(self.source).await, &wanted), "", "{name}");
    }

    /// An undisturbed scan makes the inventory equal to the cloud, whatever came before.
    async fn heal(&self) {
        self.world.scan_whole(self.source).await;
        let (kept, truth) = (self.world.kept(self.source).await, self.world.truth(self.source));
        assert_eq!(difference(&kept, &truth), "");
    }

    /// Changes an object of the first page; and, unless that is pending, one of the last, and puts a new one in for one
    /// that it removes between them.
    fn change(&self) -> Pending {
        let number = self.round.replace(self.round.get() + 1);
        let mut pending = self.pending.borrow_mut();
        self.world.edit(|inventory| match self.source {
            Source::AccessTokens => {
                let ids: Vec<String> = inventory.tokens().map(|code| code.id.clone()).collect();
                let pending = pending.get_or_insert_with(|| Pending::new(&ids, code(number).id));
                if inventory.remove_token(&pending.removed).is_some() {
                    inventory.insert_token(code(number));
                    inventory.token_mut(&pending.late).unwrap().description = Some(format!("round {number}"));
                }
                inventory.token_mut(&pending.early).unwrap().description = Some(format!("round {number}"));
                pending.clone()
            }
            Source::MfaDevices => {
                let ids: Vec<String> = inventory.devices().map(|device| device.serial_number.clone()).collect();
                let pending = pending.get_or_insert_with(|| Pending::new(&ids, device(number).serial_number));
                if inventory.remove_device(&pending.removed).is_some() {
                    inventory.insert_device(device(number));
                    inventory.device_mut(&pending.late).unwrap().user = Some(user(number));
                }
                inventory.device_mut(&pending.early).unwrap().user = Some(user(number));
                pending.clone()
            }
        })
    }

    /// The scan's row says what the report says.
    async fn check_ledger(&self, name: &str, report: &TargetReport, expected: &Expected) {
        let recorded: (String, String, String) = sqlx::query_as(
            "select outcome, coalesce(error_code, ''), coalesce(error_message, '')
             from reporting.scans order by scan_id desc limit 1",
        )
        .fetch_one(&self.world.database.pool)
        .await
        .unwrap();
        assert_eq!(
            (recorded.0.as_str(), recorded.1.as_str()),
            (expected.outcome.name(), expected.error_code),
            "{name}"
        );
        assert!(report.failure_line().unwrap_or_default().ends_with(&recorded.2), "{name}: {}", recorded.2);
    }
}

fn action(source: Source) -> &'static str {
    match source {
        Source::AccessTokens => "ListAccessTokens",
        Source::MfaDevices => "ListVirtualMFADevices",
    }
}

/// Outcome, exit code, and one clear line that names account, source, outcome, cause and mend.
fn check_report(name: &str, report: &TargetReport, expected: &Expected) {
    let TargetOutcome::Recorded(applied) = &report.outcome else { panic!("{name}: {report:?}") };
    let line = report.failure_line();
    assert_eq!(applied.outcome, expected.outcome, "{name}: {line:?}");
    let exit_code = Exit::of_reports(std::slice::from_ref(report)).code();
    if expected.outcome == Outcome::Complete {
        assert_eq!((line, exit_code), (None, 0), "{name}");
        return;
    }
    let line = line.unwrap();
    assert_eq!((exit_code, applied.counts.deleted), (3, 0), "{name}: {line}");
    let start = format!("prod ({ACCOUNT_ID}) {}: {}: ", report.source, expected.outcome.name());
    assert!(line.starts_with(&start) && !line.contains(char::is_control) && line.len() < 1_000, "{name}: {line}");
    let mend = &applied.trouble.as_ref().unwrap().mend;
    for words in expected.line.iter().chain([&mend.as_str()]) {
        assert!(line.contains(words), "{name}: `{words}` is not in: {line}");
    }
}

/// How `found` differs from `wanted`, in as many words as that takes; nothing where it does not.
fn difference(found: &Objects, wanted: &Objects) -> String {
    let ids = found.keys().chain(wanted.keys()).collect::<std::collections::BTreeSet<_>>();
    ids.into_iter()
        .filter(|id| found.get(*id) != wanted.get(*id))
        .map(|id| format!("{id}: found {:?}, wanted {:?}\n", found.get(id), wanted.get(id)))
        .collect()
}
