//! Whether what is drawn is well formed: by a check of its own for both languages, and by Graphviz' `dot`.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use coroute::Topology;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRng, TestRunner};

use super::pipelines::{flights, nasty, pipeline, shapes};

/// Topologies of every sort, the same ones every time.
fn topologies() -> Vec<Topology> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(Default::default()));
    let random = (0..60).map(|_| pipeline("random", &shapes().new_tree(&mut runner).unwrap().current()).topology());
    [flights().0, nasty().topology()].into_iter().chain(random).collect()
}

/// What is wrong with the ids of a drawing: each once, and no edge to one that is not there.
fn ids(found: Vec<String>, edges: Vec<[String; 2]>) -> Result<(), String> {
    let known: HashSet<&String> = found.iter().collect();
    if known.len() != found.len() {
        return Err("an id is there twice".into());
    }
    match edges.iter().flatten().find(|end| !known.contains(end)) {
        Some(end) => Err(format!("an edge leads to or from {end}, which is not there")),
        None => Ok(()),
    }
}

fn is_dot(text: &str) -> Result<(), String> {
    let (mut found, mut edges, mut depth, mut is_text) = (Vec::new(), Vec::new(), 0, false);
    for line in text.lines() {
        let mut escaped = false;
        for c in line.chars() {
            match c {
                '"' if !escaped => is_text = !is_text,
                '{' if !is_text => depth += 1,
                '}' if !is_text => depth -= 1,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        if is_text {
            return Err(format!("a text does not end: {line}"));
        }
        match line.split('"').collect::<Vec<_>>()[..] {
            ["  ", from, " -> ", to, ..] => edges.push([from.to_owned(), to.to_owned()]),
            [indent, id, ..] if indent.trim().is_empty() => found.push(id.to_owned()),
            [subgraph, id, ..] if subgraph.trim() == "subgraph" => found.push(id.to_owned()),
            _ => {}
        }
    }
    if depth != 0 {
        return Err("the braces do not match".into());
    }
    ids(found, edges)
}

fn is_mermaid(text: &str) -> Result<(), String> {
    let (mut found, mut edges, mut depth) = (Vec::new(), Vec::new(), 0);
    let body = text.split("---\n").nth(2).ok_or("the title does not end")?;
    for line in body.strip_prefix("flowchart LR\n").ok_or("no flowchart")?.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["subgraph", id, ..] => {
                depth += 1;
                found.push(id.to_owned());
            }
            ["end"] => depth -= 1,
            ["class" | "classDef", ..] => {}
            [from, line, to] if ["-->", "==>", "-.->"].contains(&line.split('|').next().unwrap_or_default()) => {
                edges.push([from.to_owned(), to.to_owned()]);
            }
            _ => {
                let (id, label) = line.trim().split_once(['[', '(', '>', '{']).ok_or("a node without a label")?;
                if label.matches('"').count() != 2 {
                    return Err(format!("a label does not end: {line}"));
                }
                found.push(id.to_owned());
            }
        }
    }
    if depth != 0 {
        return Err("the subgraphs do not match".into());
    }
    ids(found, edges)
}

#[test]
fn every_drawing_is_well_formed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mermaid");
    fs::create_dir_all(&folder).unwrap();
    for (at, topology) in topologies().iter().enumerate() {
        let (dot, mermaid) = (topology.dot().to_string(), topology.mermaid().to_string());
        assert_eq!(is_dot(&dot), Ok(()), "{dot}");
        assert_eq!(is_mermaid(&mermaid), Ok(()), "{mermaid}");
        // For Mermaid's own parser, which needs a browser; see the guide.
        fs::write(folder.join(format!("{at}.mmd")), mermaid).unwrap();
    }
}

#[test]
fn what_is_not_well_formed_is_found() {
    let (topology, _) = flights();
    let dot = topology.dot().to_string();
    for (from, to) in
        [("}\n", ""), ("\\n", "\""), ("-> \"parse\"", "-> \"prase\""), ("\"clean/diverted\" [", "\"parse\" [")]
    {
        assert!(dot.contains(from), "{from} is not in {dot}");
        assert!(is_dot(&dot.replace(from, to)).is_err(), "{from} for {to} was not found");
    }
    let mermaid = topology.mermaid().to_string();
    for (from, to) in [("    end\n", ""), ("\"]", "]"), ("--> parse", "--> prase"), ("clean__diverted[", "parse[")] {
        assert!(mermaid.contains(from), "{from} is not in {mermaid}");
        assert!(is_mermaid(&mermaid.replace(from, to)).is_err(), "{from} for {to} was not found");
    }
}

/// What `dot` makes of a text; `None` where there is no `dot`, unless it has to be there.
fn dot(name: &str, text: &str) -> Option<Result<String, String>> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).unwrap();
    match Command::new("dot").arg("-Tsvg").arg(&file).output() {
        Ok(done) if done.status.success() && done.stderr.is_empty() => {
            Some(Ok(String::from_utf8(done.stdout).unwrap()))
        }
        Ok(done) => Some(Err(String::from_utf8_lossy(&done.stderr).into_owned())),
        Err(error) => {
            assert_ne!(std::env::var("COROUTE_DOT").as_deref(), Ok("required"), "dot cannot be run: {error}");
            None
        }
    }
}

#[test]
fn graphviz_takes_every_drawing() {
    let topologies = topologies();
    let text: String = topologies.iter().map(|topology| topology.dot().to_string()).collect();
    for topology in &topologies {
        assert_eq!(is_dot(&topology.dot().to_string()), Ok(()));
    }
    let Some(drawn) = dot("all.dot", &text) else { return };
    let drawn = drawn.unwrap();
    assert_eq!(drawn.matches("</svg>").count(), topologies.len());
    let edges: usize = topologies.iter().map(|topology| topology.dot().to_string().matches("\" -> \"").count()).sum();
    assert_eq!(drawn.matches("class=\"edge\"").count(), edges);
    assert!(drawn.contains("Vec&lt;Option&lt;String&gt;&gt;") && drawn.contains("&amp;str"), "a type is not spelt out");
}

#[test]
fn graphviz_refuses_a_broken_drawing() {
    let text = flights().0.dot().to_string();
    let broken = text.replacen("\\n", "\"", 1);
    assert!(is_dot(&broken).is_err());
    if let Some(drawn) = dot("broken.dot", &broken) {
        assert!(drawn.unwrap_err().contains("syntax error"));
    }
}
