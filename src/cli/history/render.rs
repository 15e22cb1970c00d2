//! A life as text: drawn for a person, plain lines for a pipe.

use chrono::{DateTime, Utc};

use super::{
    changes::user,
    event::{Event, Mark, When},
    timeline::timeline,
};
use crate::{
    cli::{
        paint::Paint,
        words::{instant, relative},
    },
    store::{AccessTokenNow, Life, MfaDeviceNow, Now},
};

/// The heading, the timeline and how the object stands at `now`.
pub(super) fn render(life: &Life, paint: Paint, now: DateTime<Utc>) -> String {
    let events = timeline(life);
    let width = events.iter().map(|event| when(event.when).len()).max().unwrap_or_default();
    let mut lines = vec![paint.bold(&clean(&heading(life))), String::new()];
    for event in &events {
        lines.extend(event_lines(event, width, paint));
    }
    lines.extend(now_lines(&present(life, now), width, paint));
    lines.join("\n")
}

fn heading(life: &Life) -> String {
    let place = format!("{} ({})", life.account_name, life.account_id);
    match &life.now {
        Now::AccessToken(AccessTokenNow { token_name: Some(name), .. }) => {
            format!("code {} {name:?} of {place}", life.object_id)
        }
        Now::AccessToken(_) => format!("code {} of {place}", life.object_id),
        Now::MfaDevice(_) => format!("device {} of {place}", life.object_id),
    }
}

fn event_lines(event: &Event, width: usize, paint: Paint) -> Vec<String> {
    let (glyph, colour): (_, fn(Paint, &str) -> String) = match event.mark {
        Mark::Change => ("●", Paint::green),
        Mark::Note => ("○", |_, text| text.to_owned()),
        Mark::Odd => ("▲", Paint::yellow),
        Mark::End => ("✕", Paint::red),
    };
    let what = clean(&event.what);
    let what = if event.mark == Mark::Note { what } else { paint.bold(&what) };
    let when = format!("{:width$}", when(event.when));
    let basis = event.basis.as_ref().map(|basis| paint.dim(&format!(" ({basis})"))).unwrap_or_default();
    let [first, more] = rails(paint, &colour(paint, glyph), &paint.dim("│"));
    let mut lines = vec![format!("{first}{when}  {what}{basis}")];
    for detail in &event.details {
        let detail = clean(detail);
        let detail = if detail.starts_with('!') { paint.yellow(&detail) } else { detail };
        lines.push(format!("{more}{:width$}    {detail}", ""));
    }
    lines
}

/// What stands before the first and the following lines: drawn, or nothing.
fn rails(paint: Paint, first: &str, more: &str) -> [String; 2] {
    [first, more].map(|rail| if paint.is_drawing() { format!(" {rail} ") } else { String::new() })
}

fn when(when: When) -> String {
    match when {
        When::At(at) => instant(at),
        When::Between(from, to) if from.date_naive() == to.date_naive() => {
            format!("{} between {} and {}", from.format("%F"), from.format("%TZ"), to.format("%TZ"))
        }
        When::Between(from, to) => format!("between {} and {}", instant(from), instant(to)),
    }
}

fn now_lines(present: &[String], width: usize, paint: Paint) -> Vec<String> {
    let [first, more] = rails(paint, &paint.bold("◆"), " ");
    let lines = present.iter().enumerate().map(|(index, line)| match index {
        0 => format!("{first}{:width$}  {}", "now", paint.bold(&clean(line))),
        _ => format!("{more}{:width$}  {}", "", clean(line)),
    });
    lines.collect()
}

/// How the object stands, the status first.
fn present(life: &Life, now: DateTime<Utc>) -> Vec<String> {
    match &life.now {
        Now::AccessToken(token) => present_token(token, now),
        Now::MfaDevice(device) => present_device(device, life, now),
    }
}

fn present_token(token: &AccessTokenNow, now: DateTime<Utc>) -> Vec<String> {
    let mut status = token.status.clone();
    if token.effective_status != token.status {
        status += &format!(" as reported, {} by its time", token.effective_status);
    }
    if let Some(deleted_at) = token.deleted_at {
        return vec![deleted(&status, deleted_at), last_seen(token.last_seen_at, now)];
    }
    let mut lines = vec![format!("{status}, read so since {}", instant(token.status_since_at))];
    lines.push(match (token.remaining_use_count, token.max_use_count) {
        (Some(remaining), Some(limit)) => format!("{remaining} of {limit} uses left"),
        _ => "uses left: not known".to_owned(),
    });
    if let Some(expires_at) = token.expires_at {
        let word = if expires_at > now { "expires" } else { "expired" };
        lines.push(format!("{word} {} ({})", instant(expires_at), relative(expires_at, now)));
    }
    lines.push(last_seen(token.last_seen_at, now));
    lines
}

fn present_device(device: &MfaDeviceNow, life: &Life, now: DateTime<Utc>) -> Vec<String> {
    let status = match device.user_key {
        Some(_) => format!("{} to user {}", device.status, user(device.user_key, &life.user_names)),
        None => device.status.clone(),
    };
    if let Some(deleted_at) = device.deleted_at {
        return vec![deleted(&status, deleted_at), last_seen(device.last_seen_at, now)];
    }
    let mut lines = vec![format!("{status}, read so since {}", instant(device.status_since_at))];
    if let Some(activated_at) = device.activated_at {
        lines.push(format!("activated {} ({})", instant(activated_at), relative(activated_at, now)));
    }
    lines.push(last_seen(device.last_seen_at, now));
    lines
}

fn deleted(status: &str, deleted_at: DateTime<Utc>) -> String {
    format!("deleted: absence proven {}; it was {status}", instant(deleted_at))
}

fn last_seen(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match at {
        Some(at) => format!("last seen {} ({})", instant(at), relative(at, now)),
        None => "last seen: not known".to_owned(),
    }
}

/// What came from an API may hold what moves a terminal's cursor.
fn clean(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
