//! The figures as a picture: bars of time beside their floors, one row of bars a size.

use std::fmt::Write as _;

use crate::{
    figures::{Figures, Run, of},
    table::{count, seconds},
};

const WIDTH: f64 = 760.0;
const LABEL_WIDTH: f64 = 150.0;
const VALUE_WIDTH: f64 = 80.0;
const BAR_HEIGHT: f64 = 16.0;
const GAP: f64 = 5.0;
const HEAD_HEIGHT: f64 = 30.0;

/// An SVG that needs neither script nor font.
pub(crate) fn picture(all: &[Figures]) -> String {
    let bars = |figures: &Figures| {
        let wall = |runs: &[Run]| of(runs, |run| run.program.wall_s);
        [
            ("drain floor", figures.drain_s(), "#9aa5b1"),
            ("load floor", figures.load_s(), "#9aa5b1"),
            ("first load", wall(&figures.first), "#2f6fab"),
            ("unchanged", wall(&figures.unchanged), "#2f9e63"),
            ("1 % changed", wall(&figures.changed), "#c9762b"),
        ]
    };
    let mut body = String::new();
    let mut top = 0.0;
    for figures in all {
        let bars = bars(figures);
        // Each size has a scale of its own: what counts is the bar beside its floor.
        let longest = bars.iter().map(|(_, seconds, _)| *seconds).fold(f64::MIN_POSITIVE, f64::max);
        let _ = writeln!(
            body,
            r#"<text x="0" y="{:.0}" font-weight="bold">{} codes, {} devices</text>"#,
            top + 20.0,
            count(figures.code_count),
            count(figures.row_count - figures.code_count),
        );
        top += HEAD_HEIGHT;
        for (name, wall_s, colour) in bars {
            let width = wall_s / longest * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
            let _ = writeln!(
                body,
                r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{name}</text><rect x="{LABEL_WIDTH}" y="{top:.0}" width="{width:.1}" height="{BAR_HEIGHT}" fill="{colour}"/><text x="{:.1}" y="{:.0}">{}</text>"#,
                LABEL_WIDTH - 8.0,
                top + 12.5,
                LABEL_WIDTH + width + 6.0,
                top + 12.5,
                seconds(wall_s),
            );
            top += BAR_HEIGHT + GAP;
        }
        top += GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top:.0}\" font-family=\"sans-serif\" font-size=\"13\" \
         fill=\"#333\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}
