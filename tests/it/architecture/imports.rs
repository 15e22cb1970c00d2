//! The paths that a source file names, by simple scanning.
//!
//! Comments and literals are blanked out, paths are taken from `use` declarations and from
//! expressions, and `self` and `super` are resolved.

/// A path that a file names.
#[derive(Debug, PartialEq)]
pub(super) struct Import {
    pub(super) line: usize,
    /// From `crate` on, or from the name of another crate (or of something local).
    pub(super) path: Vec<String>,
}

impl Import {
    /// The module of this crate that is imported, or the name in its root.
    pub(super) fn of_this_crate(&self) -> Option<&str> {
        let (first, rest) = self.path.split_first()?;
        // `main` is another crate and names the library.
        let is_ours = first == "crate" || first == "stocktake";
        rest.first().filter(|_| is_ours).map(String::as_str)
    }
}

/// All paths of `text`, a file that holds `module`, with `self` and `super` resolved.
pub(super) fn imports(text: &str, module: &[String]) -> Vec<Import> {
    let text = blank_comments_and_literals(text);
    let tokens = tokens(&text);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.1);
    let mut module = module.to_vec();
    let mut inline_depths = Vec::new();
    let mut depth = 0;
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut paths = Vec::new();
        match word(at) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline_depths.last() == Some(&depth) {
                    inline_depths.pop();
                    module.pop();
                }
            }
            "mod" if word(at + 2) == "{" => {
                inline_depths.push(depth);
                module.push(word(at + 1).to_owned());
                at += 1;
            }
            "use" => {
                at += 1;
                read_use_tree(&tokens, &mut at, Vec::new(), &mut paths);
            }
            name if is_name(name) && word(at + 1) == "::" => {
                let mut path = vec![name.to_owned()];
                let line = tokens[at].0;
                while word(at + 1) == "::" && is_name(word(at + 2)) {
                    path.push(word(at + 2).to_owned());
                    at += 2;
                }
                paths.push((line, path));
            }
            _ => (),
        }
        found.extend(paths.into_iter().map(|(line, path)| Import { line, path: resolve(path, &module) }));
        at += 1;
    }
    found
}

/// Reads one tree of a `use` declaration, up to the token that ends it.
fn read_use_tree(
    tokens: &[(usize, &str)],
    at: &mut usize,
    mut path: Vec<String>,
    paths: &mut Vec<(usize, Vec<String>)>,
) {
    while let Some((line, token)) = tokens.get(*at) {
        match *token {
            "::" => *at += 1,
            "as" => *at += 2,
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.1 != "}") {
                    read_use_tree(tokens, at, path.clone(), paths);
                    *at += usize::from(tokens.get(*at).is_some_and(|token| token.1 == ","));
                }
                *at += 1;
                return;
            }
            "," | "}" | ";" => return paths.push((*line, path)),
            name => {
                path.push(name.to_owned());
                *at += 1;
            }
        }
    }
}

fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let super_count = path.iter().take_while(|name| *name == "super").count();
    let is_relative = super_count > 0 || path.first().is_some_and(|name| name == "self");
    if !is_relative {
        return path;
    }
    let base = &module[..module.len().saturating_sub(super_count)];
    let rest = path.into_iter().skip_while(|name| name == "super" || name == "self");
    std::iter::once("crate".to_owned()).chain(base.iter().cloned()).chain(rest).collect()
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Words, `::` and single signs, each with its line.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    let mut tokens = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut rest = text.trim_start();
        while let Some(sign) = rest.chars().next() {
            let length = match sign {
                _ if is_word(sign) => rest.find(|sign| !is_word(sign)).unwrap_or(rest.len()),
                _ if rest.starts_with("::") => 2,
                _ => sign.len_utf8(),
            };
            tokens.push((line, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// `text` with spaces for its comments and literals, line by line as long as before.
fn blank_comments_and_literals(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut blanked = String::with_capacity(text.len());
    let mut at = 0;
    while at < signs.len() {
        let end = end_of_blank(&signs, at);
        if end == at {
            blanked.push(signs[at]);
            at += 1;
        } else {
            blanked.extend(signs[at..end].iter().map(|sign| if *sign == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    blanked
}

/// Where the comment or literal that begins at `at` ends; `at` itself where none does.
fn end_of_blank(signs: &[char], at: usize) -> usize {
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, sign)| signs.get(at + i) == Some(&sign));
    let find = |from: usize, what: &str| (from..signs.len()).find(|at| starts(*at, what)).unwrap_or(signs.len());
    let follows_word = at > 0 && (signs[at - 1].is_alphanumeric() || signs[at - 1] == '_');
    match signs[at] {
        '/' if starts(at, "//") => find(at, "\n"),
        '/' if starts(at, "/*") => (find(at, "*/") + 2).min(signs.len()),
        '"' => {
            let mut end = at + 1;
            while end < signs.len() && signs[end] != '"' {
                end += 1 + usize::from(signs[end] == '\\');
            }
            (end + 1).min(signs.len())
        }
        'r' if !follows_word || matches!(signs[at - 1], 'b' | 'c') => {
            let hash_count = signs[at + 1..].iter().take_while(|sign| **sign == '#').count();
            if signs.get(at + 1 + hash_count) != Some(&'"') {
                return at;
            }
            let close = format!("\"{}", "#".repeat(hash_count));
            (find(at + hash_count + 2, &close) + close.len()).min(signs.len())
        }
        '\'' if signs.get(at + 1) == Some(&'\\') => (find(at + 3, "'") + 1).min(signs.len()),
        '\'' if signs.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn paths_of(text: &str, module: &[&str]) -> Vec<String> {
    let module: Vec<_> = module.iter().map(|&name| name.to_owned()).collect();
    imports(text, &module).iter().map(|import| format!("{}:{}", import.line, import.path.join("::"))).collect()
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let text = "use crate::{\n    scan::{Limits as L, self},\n    store::*,\n};\npub use sqlx;\nfn f() -> anyhow::Result<()> { crate::clock::now::<T>() }";
    let found = ["2:crate::scan::Limits", "2:crate::scan::self", "3:crate::store::*", "5:sqlx"];
    let expected: Vec<_> = found.into_iter().chain(["6:anyhow::Result", "6:crate::clock::now"]).collect();
    assert_eq!(paths_of(text, &["web"]), expected);
}

#[test]
fn self_and_super_are_resolved_inline_modules_included() {
    let text =
        "use super::super::scan::X;\nmod tests {\n use super::*;\n fn f() { super::super::y() }\n}\nuse super::z;";
    let expected = ["1:crate::scan::X", "3:crate::store::diff::*", "4:crate::store::y", "6:crate::store::z"];
    assert_eq!(paths_of(text, &["store", "diff"]), expected);
}

#[test]
fn comments_and_literals_name_nothing() {
    let text = r###"//! crate::a::b
        /* sqlx::x */ let s = "crate::c \" crate::d"; let r = r#"crate::e " crate::f"#;
        let c = ['"', '\'', 'x']; fn g<'a>(x: &'a str) { crate::g::h() } // crate::i"###;
    assert_eq!(paths_of(text, &["web"]), ["3:crate::g::h"]);
}
