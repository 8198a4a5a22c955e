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
    handler.render_report(&mut report, error.report().as_ref()).unwrap();
    assert_snapshot!(report, @r#"
      × there are 2 mistakes in the script

    Error: 
      × there is no change called "remov"
       ╭─[2:7]
     1 │ at 0 pause
     2 │ at 10 remov pars
       ·       ──┬──
       ·         ╰── did you mean "remove"?
     3 │ at 20 { tap clean }
       ╰────
      help: expected `route`, `split`, `insert`, `remove`, `replace`, `rename`,
            `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    Error: 
      × `}` cannot stand here
       ╭─[3:19]
     2 │ at 10 remov pars
     3 │ at 20 { tap clean }
       ·                   ─
       ╰────
      help: expected `with`
    "#);
}
