//! A listing that is followed by markers is whole at its end, and only a second one proves an absence.

use super::{absent, devices, instant, owned, rejected, target};
use crate::{
    scan::{
        Incompleteness,
        proof::{MarkerChain, Named, WholeChain},
    },
    source::MfaDevicePage,
};

/// Reads one whole listing of one page.
fn read(serials: &[&str], named: &mut Named) -> WholeChain {
    MarkerChain::begin(named).take(&devices(serials, false, None), named).unwrap().unwrap()
}

/// One reading of a scan that named nothing before.
struct Reading {
    chain: MarkerChain,
    named: Named,
}

impl Reading {
    fn begin() -> Self {
        let mut named = Named::default();
        Self { chain: MarkerChain::begin(&mut named), named }
    }

    fn take(&mut self, page: &MfaDevicePage) -> Result<Option<WholeChain>, Incompleteness> {
        self.chain.take(page, &mut self.named)
    }
}

#[test]
fn a_chain_begins_without_marker_and_asks_for_the_marker_of_the_page_before() {
    let mut reading = Reading::begin();
    assert_eq!(reading.chain.marker(), None);
    assert!(reading.take(&devices(&["a", "b"], true, Some("M1"))).unwrap().is_none());
    assert_eq!(reading.chain.marker(), Some("M1"));
    assert!(reading.take(&devices(&["b", "c"], true, Some("M2"))).unwrap().is_none());
    assert_eq!(reading.chain.marker(), Some("M2"));
    let whole = reading.take(&devices(&["d"], false, None)).unwrap().unwrap();
    assert_eq!(whole.conclude(target()).argument(), "4 devices, every marker followed to the end");
    assert_eq!(reading.chain.distinct_count(), 4);
}

#[test]
fn a_page_that_is_not_truncated_is_the_end_even_with_a_marker() {
    for marker in [None, Some("M1")] {
        let mut reading = Reading::begin();
        assert!(reading.take(&devices(&[], false, marker)).unwrap().is_some());
    }
}

#[test]
fn a_truncated_page_without_marker_is_no_end() {
    let mut reading = Reading::begin();
    let why = reading.take(&devices(&["a"], true, None)).unwrap_err();
    assert!(matches!(why, Incompleteness::MissingMarker), "{why}");
}

#[test]
fn a_marker_that_came_before_is_no_way_on() {
    for markers in [&["M1", "M1"][..], &["M1", "M2", "M1"], &["M1", "M2", "M2"]] {
        let mut reading = Reading::begin();
        let (last, before) = markers.split_last().unwrap();
        for marker in before {
            reading.take(&devices(&[], true, Some(marker))).unwrap();
        }
        let why = reading.take(&devices(&[], true, Some(last))).unwrap_err();
        assert!(matches!(why, Incompleteness::RepeatedMarker), "{markers:?}: {why}");
    }
}

#[test]
fn one_item_without_id_on_any_page_is_enough_to_doubt() {
    for rejecting_page in [0, 1] {
        let mut pages = [devices(&["a"], true, Some("M1")), devices(&["b"], false, None)];
        pages[rejecting_page].page.rejected.push(rejected("{}"));
        let mut reading = Reading::begin();
        assert!(reading.take(&pages[0]).unwrap().is_none(), "the other pages are read all the same");
        let why = reading.take(&pages[1]).unwrap_err();
        assert!(matches!(why, Incompleteness::Rejected { count: 1 }), "{why}");
    }
    let mut page = devices(&[], false, None);
    page.page.rejected = vec![rejected("{}"), rejected("{}")];
    let why = Reading::begin().take(&page).unwrap_err();
    assert!(matches!(why, Incompleteness::Rejected { count: 2 }), "{why}");
}

#[test]
fn where_nothing_vanished_nothing_is_absent() {
    let scan = read(&["a"], &mut Named::default()).conclude(target());
    assert_eq!((scan.target(), scan.absences()), (&target(), [].as_slice()));
    assert_eq!(scan.argument(), "1 devices, every marker followed to the end");
}

#[test]
fn what_vanished_is_absent_since_the_end_of_the_second_reading_if_that_missed_it_too() {
    let mut named = Named::default();
    let first = read(&["a"], &mut named);
    let mut end = devices(&["a", "b"], false, None);
    end.page.observed_at = instant(9);
    let second = MarkerChain::begin(&mut named).take(&end, &mut named).unwrap().unwrap();
    let scan = first.confirmed_by(second, owned(&["b", "c"]), &named, target());
    assert_eq!(absent(&scan), [("c", instant(9))]);
    assert_eq!(scan.target(), &target());
    assert_eq!(scan.argument(), "1 devices, every marker followed to the end; 2 vanished, 1 of them twice");
}

#[test]
fn what_an_attempt_that_broke_off_named_is_not_absent() {
    let mut named = Named::default();
    MarkerChain::begin(&mut named).take(&devices(&["b"], true, None), &mut named).unwrap_err();
    let (first, second) = (read(&["a"], &mut named), read(&["a"], &mut named));
    let scan = first.confirmed_by(second, owned(&["b", "c"]), &named, target());
    assert_eq!(absent(&scan), [("c", instant(7))]);
}
