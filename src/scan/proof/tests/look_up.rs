//! A look-up proves an absence only by an answer that is clear.

use super::{codes, instant, owned, rejected};
use crate::{
    scan::{
        Incompleteness,
        proof::{Absence, LookUps, Named},
    },
    source::AccessTokenPage,
};

/// What the answer to a look-up of `asked` proves to be absent, or why it proves nothing.
fn judge(asked: &[&str], answer: &AccessTokenPage) -> Result<Vec<Absence>, String> {
    let mut look_ups = LookUps::default();
    let judged = look_ups.judge(&owned(asked), answer, &mut Named::default());
    let asked_count = look_ups.asked_count();
    let absences = look_ups.into_absences();
    match judged {
        Ok(()) => {
            assert_eq!(asked_count, asked.len());
            Ok(absences)
        }
        Err(unclear) => {
            assert_eq!((asked_count, absences), (0, Vec::new()), "an unclear answer proves nothing");
            Err(Incompleteness::from(unclear).to_string())
        }
    }
}

fn ids(absences: &[Absence]) -> Vec<&str> {
    absences.iter().map(Absence::id).collect()
}

#[test]
fn what_a_clear_answer_lacks_is_absent_since_it_arrived() {
    let absences = judge(&["a", "b", "c"], &codes(&["b"], Some(1))).unwrap();
    assert_eq!(ids(&absences), ["a", "c"], "in the order of the asking");
    assert!(absences.iter().all(|absence| absence.proven_at() == instant(7)));
    assert_eq!(ids(&judge(&["a"], &codes(&[], Some(0))).unwrap()), ["a"]);
    assert_eq!(ids(&judge(&["a", "b"], &codes(&["b", "a"], Some(2))).unwrap()), [""; 0]);
    assert_eq!(ids(&judge(&[], &codes(&[], Some(0))).unwrap()), [""; 0]);
}

#[test]
fn an_answer_whose_total_is_not_its_own_count_is_unclear() {
    for total_count in [None, Some(0), Some(2)] {
        let why = judge(&["a", "b"], &codes(&["b"], total_count)).unwrap_err();
        assert!(why.contains("TotalCount of the answer differs"), "{total_count:?}: {why}");
    }
    for total_count in [None, Some(1)] {
        assert!(judge(&["a"], &codes(&[], total_count)).is_err(), "{total_count:?}");
    }
}

#[test]
fn an_id_that_repeats_in_the_answer_counts_once() {
    assert_eq!(ids(&judge(&["a", "b"], &codes(&["b", "b"], Some(1))).unwrap()), ["a"]);
    assert!(judge(&["a", "b"], &codes(&["b", "b"], Some(2))).is_err());
}

#[test]
fn an_answer_with_an_id_that_was_not_asked_for_is_unclear() {
    for answered in [&["b", "z"][..], &["z", "b"], &["z"], &["A"]] {
        let why = judge(&["a", "b"], &codes(answered, Some(answered.len() as u64))).unwrap_err();
        assert!(why.contains("AccessTokenId is not honoured"), "{answered:?}: {why}");
    }
}

#[test]
fn an_answer_with_an_unreadable_item_is_unclear() {
    for answered in [&[][..], &["b"]] {
        let mut answer = codes(answered, Some(answered.len() as u64));
        answer.page.rejected.push(rejected("{}"));
        let why = judge(&["a", "b"], &answer).unwrap_err();
        assert!(why.contains("no usable id"), "{answered:?}: {why}");
    }
}

#[test]
fn look_ups_add_up_and_an_unclear_one_adds_nothing() {
    let mut look_ups = LookUps::default();
    let mut named = Named::default();
    look_ups.judge(&owned(&["a", "b"]), &codes(&["b"], Some(1)), &mut named).unwrap();
    look_ups.judge(&owned(&["c", "d"]), &codes(&[], Some(1)), &mut named).unwrap_err();
    look_ups.judge(&owned(&["e"]), &codes(&[], Some(0)), &mut named).unwrap();
    assert_eq!(look_ups.asked_count(), 3);
    assert_eq!(ids(&look_ups.into_absences()), ["a", "e"]);
}

#[test]
fn every_answer_names_what_it_holds_even_an_unclear_one() {
    let mut look_ups = LookUps::default();
    let mut named = Named::default();
    look_ups.judge(&owned(&["a"]), &codes(&[], Some(0)), &mut named).unwrap();
    look_ups.judge(&owned(&["b"]), &codes(&["a"], Some(1)), &mut named).unwrap_err();
    assert!(named.keep_unnamed(look_ups.into_absences()).is_empty());
}

#[test]
fn an_id_that_may_stand_for_another_cannot_be_looked_up() {
    let why = judge(&["a", "b\u{FFFD}"], &codes(&[], Some(0))).unwrap_err();
    assert!(why.contains("U+FFFD"), "{why}");
}
