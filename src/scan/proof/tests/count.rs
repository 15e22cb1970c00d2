//! A listing with a total is whole or says what is missing.

use super::{absent, codes, instant, owned, rejected, target};
use crate::{
    scan::{
        Incompleteness,
        proof::{CountedListing, LookUps, Named},
    },
    source::AccessTokenPage,
};

fn read(pages: &[AccessTokenPage]) -> CountedListing {
    read_part(pages, &mut Named::default(), None)
}

fn read_part(pages: &[AccessTokenPage], named: &mut Named, part_of: Option<&CountedListing>) -> CountedListing {
    let mut listing = CountedListing::begin(named, part_of);
    for page in pages {
        listing.take(page, named);
    }
    listing
}

/// Why `pages` are no whole listing; `None` where they are one.
fn doubt(pages: &[AccessTokenPage]) -> Option<Incompleteness> {
    read(pages).prove().err()
}

#[test]
fn a_listing_is_whole_where_its_total_stands_still_and_as_many_ids_are_distinct() {
    assert!(doubt(&[codes(&["a", "b", "c"], Some(3))]).is_none());
    assert!(doubt(&[codes(&["a", "b"], Some(3)), codes(&["c"], Some(3))]).is_none());
    assert!(doubt(&[codes(&["a", "b"], Some(2)), codes(&["b", "a"], Some(2))]).is_none(), "repeats count once");
    assert!(doubt(&[codes(&[], Some(0))]).is_none(), "an empty listing that says so");
}

#[test]
fn one_id_more_or_less_than_the_total_is_a_mismatch() {
    for (distinct, total) in [(2, 3), (4, 3), (0, 1), (1, 0)] {
        let ids: Vec<&str> = ["a", "b", "c", "d"].into_iter().take(distinct as usize).collect();
        let why = doubt(&[codes(&ids, Some(total))]).unwrap();
        let Incompleteness::CountMismatch { distinct: d, total: t } = why else { panic!("{why}") };
        assert_eq!((d, t), (distinct, total));
    }
    let why = doubt(&[codes(&["a", "a"], Some(2))]).unwrap();
    assert!(matches!(why, Incompleteness::CountMismatch { distinct: 1, total: 2 }), "{why}");
}

#[test]
fn a_total_that_differs_between_first_and_last_page_has_changed() {
    for (first, last) in [(2, 3), (3, 2)] {
        // Of either total there are as many ids as it says.
        let ids: Vec<&str> = ["a", "b", "c"].into_iter().take(last as usize).collect();
        let why = doubt(&[codes(&ids, Some(first)), codes(&[], Some(last))]).unwrap();
        let Incompleteness::TotalChanged { first: f, last: l } = why else { panic!("{why}") };
        assert_eq!((f, l), (first, last));
    }
    // Only the two ends are compared: what lies between was already lived through.
    assert!(doubt(&[codes(&["a"], Some(2)), codes(&[], Some(9)), codes(&["b"], Some(2))]).is_none());
}

#[test]
fn a_total_that_is_missing_at_either_end_is_no_total() {
    assert!(matches!(doubt(&[]), Some(Incompleteness::NoTotal)), "nothing was read");
    for (first, last) in [(None, None), (None, Some(1)), (Some(1), None)] {
        let why = doubt(&[codes(&["a"], first), codes(&[], last)]).unwrap();
        assert!(matches!(why, Incompleteness::NoTotal), "{first:?} {last:?}: {why}");
    }
}

#[test]
fn one_item_without_id_is_enough_to_doubt_and_explains_a_count_that_is_too_small() {
    let mut page = codes(&["a"], Some(2));
    page.page.rejected.push(rejected("{}"));
    assert!(matches!(doubt(&[page.clone()]), Some(Incompleteness::Rejected { count: 1 })));
    page.total_count = Some(1);
    assert!(matches!(doubt(&[page.clone()]), Some(Incompleteness::Rejected { count: 1 })), "though the count fits");
    page.total_count = None;
    assert!(matches!(doubt(&[page.clone(), page]), Some(Incompleteness::Rejected { count: 2 })));
}

#[test]
fn a_page_brings_something_new_by_an_id_or_by_an_unreadable_item() {
    let named = &mut Named::default();
    let mut listing = CountedListing::begin(named, None);
    let mut take = |page: &AccessTokenPage| listing.take(page, named);
    assert!(take(&codes(&["a", "b"], None)));
    assert!(!take(&codes(&["b", "a"], None)));
    assert!(take(&codes(&["a", "c"], None)), "one is enough");
    assert!(take(&codes(&["d", "a"], None)), "and it may come first");
    assert!(!take(&codes(&[], None)));
    let mut page = codes(&["a"], None);
    page.page.rejected.push(rejected("{}"));
    assert!(take(&page));
    assert!(!take(&page), "the same item again");
    page.page.items.clear();
    page.page.rejected.push(rejected("[]"));
    assert!(take(&page));
    assert_eq!((listing.page_count(), listing.distinct_count()), (8, 4));
}

#[test]
fn items_are_lacking_while_ids_and_unreadable_items_together_are_fewer_than_the_last_total() {
    let mut page = codes(&["a", "b"], Some(3));
    assert!(read(&[page.clone()]).lacks_items());
    page.page.rejected.push(rejected("{}"));
    assert!(!read(&[page.clone()]).lacks_items());
    page.total_count = Some(4);
    assert!(read(&[page.clone()]).lacks_items());
    assert!(!read(&[page.clone(), codes(&[], Some(3))]).lacks_items(), "the last total counts");
    assert!(!read(&[page.clone(), codes(&[], None)]).lacks_items(), "without total nothing is known to be lacking");
    let mut repeated = page.clone();
    repeated.page.rejected.push(rejected("{}"));
    assert!(read(&[repeated]).lacks_items(), "a repeated item counts once");
}

#[test]
fn parts_join_in_ids_and_unreadable_items_and_leave_the_totals_alone() {
    let named = &mut Named::default();
    let mut part = codes(&["b", "c"], Some(2));
    let mut listing = read_part(&[codes(&["a", "b"], Some(3))], named, None);
    let first_part = read_part(&[part.clone()], named, Some(&listing));
    assert_eq!(first_part.distinct_count(), 2, "a part counts for itself");
    assert!(first_part.prove().is_ok());
    listing.join(first_part);
    listing.join(read_part(&[codes(&["c", "a"], Some(2))], named, Some(&listing)));
    assert_eq!((listing.total_first(), listing.total_last()), (Some(3), Some(3)));
    assert_eq!((listing.page_count(), listing.distinct_count()), (1, 3));
    listing.take(&codes(&["c"], Some(3)), named);
    assert!(listing.prove().is_ok(), "what a part named is not new to the whole");

    // Of another attempt nothing counts.
    part.page.rejected.push(rejected("{}"));
    let mut listing = read_part(&[codes(&["a"], Some(4))], named, None);
    listing.join(read_part(&[part.clone()], named, Some(&listing)));
    assert_eq!(listing.distinct_count(), 3);
    assert!(!listing.lacks_items());
    part.page.rejected.push(rejected("[]"));
    listing.join(read_part(&[part], named, Some(&listing)));
    assert!(matches!(listing.prove(), Err(Incompleteness::Rejected { count: 3 })));
}

#[test]
fn the_argument_tells_how_the_listing_was_read_and_what_was_looked_up() {
    let listing = read(&[codes(&["a"], Some(1))]);
    let whole = || listing.prove().unwrap();
    let scan = whole().conclude("by pages", LookUps::default(), &Named::default(), target());
    assert_eq!(scan.argument(), "1 distinct ids, read by pages, equal TotalCount");
    assert_eq!((scan.target(), scan.absences()), (&target(), [].as_slice()));

    let mut look_ups = LookUps::default();
    let mut named = Named::default();
    look_ups.judge(&owned(&["b", "c"]), &codes(&["b"], Some(1)), &mut named).unwrap();
    let scan = whole().conclude("by status", look_ups, &named, target());
    let expected = "1 distinct ids, read by status, equal TotalCount; 2 vanished ids looked up, 1 absent";
    assert_eq!(scan.argument(), expected);
    assert_eq!(absent(&scan), [("c", instant(7))]);
}

#[test]
fn what_a_page_named_is_not_absent_whatever_its_look_up_says() {
    let mut named = Named::default();
    let mut broken_off = CountedListing::begin(&mut named, None);
    broken_off.take(&codes(&["a"], Some(9)), &mut named);
    let mut listing = CountedListing::begin(&mut named, None);
    listing.take(&codes(&["b"], Some(1)), &mut named);
    let mut look_ups = LookUps::default();
    look_ups.judge(&owned(&["a", "b", "c"]), &codes(&[], Some(0)), &mut named).unwrap();
    let scan = listing.prove().unwrap().conclude("by pages", look_ups, &named, target());
    assert_eq!(absent(&scan), [("c", instant(7))]);
    assert!(scan.argument().ends_with("; 3 vanished ids looked up, 1 absent"));
}
