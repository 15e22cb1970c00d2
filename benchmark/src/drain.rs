//! The drain floor: a minimal client that reads the same pages at the same concurrency, and keeps nothing.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::ensure;
use futures::future::try_join_all;

use crate::wire::{CodePage, DevicePage, LIST_ACCESS_TOKENS, LIST_MFA_DEVICES, Line, code_page, device_page};

/// Reads all codes and then all devices of the first account of the cloud at `host`; returns how many rows there were.
pub(crate) async fn drain(host: &str, concurrency: usize) -> anyhow::Result<u64> {
    let mut line = Line::open(host).await?;
    let first = line.ask(0, LIST_ACCESS_TOKENS, &code_page(1)).await?;
    let page: CodePage<'_> = serde_json::from_slice(&first)?;
    let (total, mut row_count) = (page.total_count, page.access_tokens.access_token.len() as u64);
    let page_count = total.div_ceil(50);
    let next = Arc::new(AtomicU64::new(2));
    let lanes = (0..concurrency).map(|_| {
        let (host, next) = (host.to_owned(), Arc::clone(&next));
        tokio::spawn(async move {
            let mut line = Line::open(&host).await?;
            let mut row_count = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > page_count {
                    return Ok::<_, anyhow::Error>(row_count);
                }
                let body = line.ask(0, LIST_ACCESS_TOKENS, &code_page(number)).await?;
                row_count += serde_json::from_slice::<CodePage<'_>>(&body)?.access_tokens.access_token.len() as u64;
            }
        })
    });
    for lane in try_join_all(lanes).await? {
        row_count += lane?;
    }
    ensure!(row_count == total, "{row_count} codes were read, and TotalCount is {total}");

    let mut query = device_page(None);
    loop {
        let body = line.ask(0, LIST_MFA_DEVICES, &query).await?;
        let page: DevicePage<'_> = serde_json::from_slice(&body)?;
        row_count += page.devices.device.len() as u64;
        match page.marker.filter(|_| page.is_truncated) {
            Some(marker) => query = device_page(Some(marker)),
            None => return Ok(row_count),
        }
    }
}
