//! The recipes of the cookbook load without errors and warnings.

use patchbay_connector::{SourceFile, load, render};

const COOKBOOK: &str = include_str!("../../../docs/build/cookbook.md");
const METHOD: &str = "- none: { type: custom, label: None, authorization: { type: none } }\n";
const ACTION: &str = "- actionId: list_things\n  label: List things\n  description: Lists things.\n  steps:\n    - stepId: list\n      \
                      description: Ask.\n      stepFunction: { functionName: request, parameters: { url: /things } }\n";

/// Returns the YAML blocks of a chapter.
fn recipes(chapter: &str) -> Vec<&'static str> {
    let head = format!("\n## {chapter}\n");
    let text = COOKBOOK.split_once(&head).expect("the chapter is there").1.split("\n## ").next().unwrap_or_default();
    text.split("```yaml\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn problems(method: &str, action: &str) -> String {
    let text = format!(
        "Patchbay: 1.0.0\ninfo: {{ title: Acme, key: acme, version: 1.0.0, description: Acme. }}\nbaseUrl: https://api.acme.example\n\
         scopeDefinitions: {{ things.read: {{ description: See }}, things.write: {{ description: Change }} }}\n\
         authentication:\n{}actions:\n{}",
        indented(method),
        indented(action)
    );
    let files = [SourceFile { name: "acme.connector.yaml".to_owned(), text }];
    render(&load(&files).diagnostics, &files)
}

#[test]
fn every_authentication_recipe_loads() {
    let recipes = recipes("Authentication");
    assert!(recipes.len() >= 11, "{}", recipes.len());
    for recipe in recipes {
        assert_eq!(problems(recipe, ACTION), "", "{recipe}");
    }
}

#[test]
fn every_pagination_recipe_loads() {
    let recipes = recipes("Pagination");
    assert!(recipes.len() >= 7, "{}", recipes.len());
    for recipe in recipes {
        assert_eq!(problems(METHOD, recipe), "", "{recipe}");
    }
}

#[test]
fn every_mcp_recipe_loads() {
    let recipes = recipes("MCP servers");
    assert!(recipes.len() >= 2, "{}", recipes.len());
    for recipe in recipes {
        assert_eq!(problems(METHOD, recipe), "", "{recipe}");
    }
}
