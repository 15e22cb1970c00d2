//! Carries out one step on an inventory.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::plan::{Action, Step};
use super::{EventKind, ObjectKind};
use crate::dataset;
use crate::inventory::{AccessToken, Inventory, Keyed, Shelf, status};

/// How often to guess a slot: objects of one status lie together, so a search from one slot on may be long.
const GUESSES: usize = 32;

/// How many slots to search then, so that a step costs little in an inventory of a million.
const TRIES: usize = 2_000;

/// Does what the step says to a fitting object, and tells what happened: nothing if no object fits.
pub(super) fn happen(account: &str, step: Step, inventory: &mut Inventory) -> Option<(ObjectKind, String, EventKind)> {
    let mut rng = ChaCha8Rng::seed_from_u64(step.chance);
    let rng = &mut rng;
    let (object_id, kind) = match step.action {
        Action::CreateCode => create_code(step, inventory, rng),
        Action::ActivateCode => {
            let id = find(inventory.token_shelf(), rng, |code| code.status == status::UNACTIVATED)?;
            inventory.token_mut(&id)?.status = status::ACTIVATED.into();
            (id, EventKind::Activated)
        }
        Action::DisableCode => {
            let id = find(inventory.token_shelf(), rng, is_activated)?;
            inventory.token_mut(&id)?.status = status::UNACTIVATED.into();
            (id, EventKind::Disabled)
        }
        Action::UseCode => use_code(inventory, rng)?,
        Action::DeleteExpiredCode => {
            let id = find(inventory.token_shelf(), rng, |code| code.status == status::EXPIRED)?;
            inventory.remove_token(&id)?;
            (id, EventKind::Deleted)
        }
        Action::DeleteUnusedCode => {
            let unused = |code: &AccessToken| code.registered_count == 0 && code.can_expire();
            let id = find(inventory.token_shelf(), rng, unused)?;
            inventory.remove_token(&id)?;
            (id, EventKind::Deleted)
        }
        Action::CreateDevice => {
            let mut device = dataset::draw_device(account, rng);
            while inventory.device(&device.serial_number).is_some() {
                device = dataset::draw_device(account, rng);
            }
            let serial_number = device.serial_number.clone();
            inventory.insert_device(device);
            (serial_number, EventKind::Created)
        }
        Action::BindDevice => {
            let serial_number = find(inventory.device_shelf(), rng, |device| device.user.is_none())?;
            let user = dataset::draw_user(account, rng);
            let device = inventory.device_mut(&serial_number)?;
            device.user = Some(user.clone());
            device.activated_at = Some(step.at);
            (serial_number, EventKind::Bound { user })
        }
        Action::UnbindDevice => {
            let serial_number = find(inventory.device_shelf(), rng, |device| device.user.is_some())?;
            let device = inventory.device_mut(&serial_number)?;
            device.user = None;
            device.activated_at = None;
            (serial_number, EventKind::Unbound)
        }
        Action::DeleteDevice => {
            let serial_number = find(inventory.device_shelf(), rng, |device| device.user.is_none())?;
            inventory.remove_device(&serial_number)?;
            (serial_number, EventKind::Deleted)
        }
    };
    let object = match step.action {
        Action::CreateDevice | Action::BindDevice | Action::UnbindDevice | Action::DeleteDevice => {
            ObjectKind::MfaDevice
        }
        _ => ObjectKind::AccessToken,
    };
    Some((object, object_id, kind))
}

fn create_code(step: Step, inventory: &mut Inventory, rng: &mut ChaCha8Rng) -> (String, EventKind) {
    let mut code = dataset::draw_token(step.at, rng);
    while inventory.token(&code.id).is_some() {
        code = dataset::draw_token(step.at, rng);
    }
    let id = code.id.clone();
    inventory.insert_token(code);
    (id, EventKind::Created)
}

fn use_code(inventory: &mut Inventory, rng: &mut ChaCha8Rng) -> Option<(String, EventKind)> {
    let usable = |code: &AccessToken| is_activated(code) && code.registered_count < code.count;
    let id = find(inventory.token_shelf(), rng, usable)?;
    let code = inventory.token_mut(&id)?;
    let left = code.count - code.registered_count;
    code.registered_count += rng.random_range(1..=left.min(3));
    let to = code.registered_count;
    Some((id, EventKind::Used { to }))
}

fn is_activated(code: &AccessToken) -> bool {
    code.status == status::ACTIVATED
}

/// A fitting object: by chance, and if chance does not find it, the first one from a random slot on, going round.
fn find<T: Keyed>(shelf: &Shelf<T>, rng: &mut ChaCha8Rng, fits: impl Fn(&T) -> bool) -> Option<String> {
    let slot_count = shelf.slot_count();
    if slot_count == 0 {
        return None;
    }
    let fitting = |slot: usize| shelf.at(slot).filter(|item| fits(item)).map(|item| item.key().to_owned());
    for _ in 0..GUESSES {
        if let Some(key) = fitting(rng.random_range(0..slot_count)) {
            return Some(key);
        }
    }
    let start = rng.random_range(0..slot_count);
    (0..slot_count.min(TRIES)).find_map(|step| fitting((start + step) % slot_count))
}
