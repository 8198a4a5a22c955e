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
    assert_snapshot!(report, @r#"
      × line 2, column 7: there is no change called "remov"; did you mean
      │ "remove"?
      │   2 | at 10 remov pars
      │     |       ^^^^^
      │     = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`,
      │ `move`, `attach`, `detach`, `tap`, `pause`, `resume` or `{`
      │ line 3, column 19: `}` cannot stand here
      │   3 | at 20 { tap clean }
      │     |                   ^
      │     = expected `with`

    Error: 
      × line 2, column 7: there is no change called "remov"; did you mean
      │ "remove"?
       ╭─[2:7]
     1 │ at 0 pause
     2 │ at 10 remov pars
       ·       ──┬──
       ·         ╰── did you mean "remove"?
     3 │ at 20 { tap clean }
       ╰────
      help: expected `route`, `split`, `insert`, `remove`, `replace`, `rename`,
            `move`, `attach`, `detach`, `tap`, `pause`, `resume` or `{`

    Error: 
      × line 3, column 19: `}` cannot stand here
       ╭─[3:19]
     2 │ at 10 remov pars
     3 │ at 20 { tap clean }
       ·                   ─
       ╰────
      help: expected `with`
    "#);
}
