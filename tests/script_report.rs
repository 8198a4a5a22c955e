//! A script's mistakes as `miette` shows them.
#![cfg(feature = "miette")]

use coroute::Script;
use insta::assert_snapshot;
use miette::{GraphicalReportHandler, GraphicalTheme};

#[test]
fn mistakes_are_related_reports_over_one_text() {
    let error = "at 0 pause\nat 10 remov pars\nat 20 { tap clean }\n".parse::<Script>().unwrap_err();
    let mut report = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(80);
    handler.render_report(&mut report, &error).unwrap();
    assert_snapshot!(report, @"");
}
