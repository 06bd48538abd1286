//! The rules that make generated clients read as if a hand had written them: each is checked
//! over every operation and schema of `/v1`.

use std::collections::{BTreeSet, HashSet};

use presque::http::Variant;
use serde_json::Value;

fn document() -> Value {
    presque::http::document(Variant::V31)
}

/// Path, method and operation of `/v1`.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/"));
    paths
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(|(method, operation)| (path.clone(), method.clone(), operation.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// Every schema that `/v1` uses, by name, however deep.
fn schemas(document: &Value) -> Vec<(String, Value)> {
    let mut open: Vec<Value> = operations(document).into_iter().map(|(_, _, operation)| operation).collect();
    let mut seen = BTreeSet::new();
    while let Some(node) = open.pop() {
        let text = node.to_string();
        for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            if seen.insert(name.to_owned()) {
                open.push(document["components"]["schemas"][name].clone());
            }
        }
    }
    seen.into_iter().map(|name| (name.clone(), document["components"]["schemas"][&name].clone())).collect()
}

/// Calls `check` for every object in the node, with the path to it.
fn walk(node: &Value, at: &str, check: &mut impl FnMut(&str, &serde_json::Map<String, Value>)) {
    match node {
        Value::Object(members) => {
            check(at, members);
            for (name, value) in members.iter().filter(|(name, _)| *name != "example" && *name != "x-codeSamples") {
                walk(value, &format!("{at}/{name}"), check);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| walk(item, &format!("{at}/{n}"), check)),
        _ => {}
    }
}

/// What `/v1` says in JSON Schema: its operations and the schemas they use.
fn for_each_node(check: &mut impl FnMut(&str, &serde_json::Map<String, Value>)) {
    let document = document();
    for (path, method, operation) in operations(&document) {
        walk(&operation, &format!("{method} {path}"), check);
    }
    for (name, schema) in schemas(&document) {
        walk(&schema, &name, check);
    }
}

#[test]
fn rule_1_operation_ids_are_verb_noun_and_unique() {
    let document = document();
    let operations = operations(&document);
    assert_eq!(operations.len(), 42, "operations 1 to 40, 45 and the export");
    let mut seen = HashSet::new();
    for (path, method, operation) in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(seen.insert(id.to_owned()), "{id} is there twice");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && id.contains('_'), "{method} {path}: {id}");
    }
}

#[test]
fn rule_2_each_operation_has_one_tag_that_is_described() {
    let document = document();
    let tags: Vec<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|tag| tag["description"].as_str().is_some_and(|text| !text.is_empty()))
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    for (path, method, operation) in operations(&document) {
        let used = operation["tags"].as_array().unwrap();
        assert_eq!(used.len(), 1, "{method} {path}");
        assert!(
            ["jobs", "work", "workers", "queues", "schedules", "batches", "bulk", "reports", "events", "system"]
                .contains(&used[0].as_str().unwrap())
        );
        assert!(tags.contains(&used[0].as_str().unwrap()), "{method} {path}");
    }
}

#[test]
fn rule_3_every_object_is_a_named_component() {
    let document = document();
    for_each_node(&mut |at, members| {
        if let Some(schema) = members.get("schema")
            && (at.contains("/content/") || at.contains("requestBody"))
        {
            assert!(schema.get("$ref").is_some(), "{at} is not named");
        }
        let inline = members.get("type") == Some(&Value::from("object")) && at.contains('/');
        assert!(!inline, "{at} is an object without a name");
        assert!(!members.contains_key("additionalProperties") || at == "StringMap", "{at}: maps are StringMap");
    });
    for (name, _) in schemas(&document) {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
    }
}

#[test]
fn rule_4_and_5_there_are_no_choices_and_no_nulls() {
    for_each_node(&mut |at, members| {
        for word in ["oneOf", "anyOf", "allOf", "nullable", "const", "not", "prefixItems", "propertyNames"] {
            assert!(!members.contains_key(word), "{at} has {word}");
        }
        assert!(!matches!(members.get("type"), Some(Value::Array(_))), "{at} has several types");
        assert!(members.get("default") != Some(&Value::Null), "{at} is null by default");
        assert!(members.get("type") != Some(&Value::from("null")), "{at} is null");
    });
}

#[test]
fn rule_6_only_the_states_of_jobs_are_a_closed_set() {
    let document = document();
    for_each_node(&mut |at, members| assert!(!members.contains_key("enum") || at == "JobState", "{at} is closed"));
    let states = document["components"]["schemas"]["JobState"]["enum"].as_array().unwrap();
    assert_eq!(states.len(), 8);
    for (schema, member) in [
        ("Attempt", "outcome"),
        ("QueuePolicy", "backoff_strategy"),
        ("UpsertQueueRequest", "dedup_until"),
        ("Problem", "code"),
    ] {
        let known = &document["components"]["schemas"][schema]["properties"][member]["x-known-values"];
        assert!(known.as_array().is_some_and(|known| known.len() > 1), "{schema}.{member}");
    }
}

#[test]
fn rule_7_every_refusal_is_a_problem() {
    for (path, method, operation) in operations(&document()) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path} {status}");
            if !status.starts_with('2') {
                let content = response["content"].as_object().unwrap();
                assert_eq!(
                    content.keys().collect::<Vec<_>>(),
                    ["application/problem+json"],
                    "{method} {path} {status}"
                );
                assert_eq!(content["application/problem+json"]["schema"]["$ref"], "#/components/schemas/Problem");
            }
        }
        assert!(operation["responses"].get("default").is_some(), "{method} {path}");
        let successes =
            operation["responses"].as_object().unwrap().iter().filter(|(status, _)| status.starts_with('2'));
        let schemas: HashSet<String> = successes.map(|(_, response)| response["content"].to_string()).collect();
        assert_eq!(schemas.len(), 1, "{method} {path}: one schema for success");
    }
}

#[test]
fn rule_8_names_are_no_reserved_words() {
    let reserved = ["from", "class", "ref", "in", "async", "match", "yield", "self", "import", "default", "return"];
    for_each_node(&mut |at, members| {
        for name in members.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
            assert!(!reserved.contains(&name.as_str()), "{at} has {name}");
            assert!(name != "type" || ["Problem", "Event"].contains(&at), "{at} has a type");
            let snake = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(snake, "{at} has {name}");
        }
    });
}

#[test]
fn rule_9_formats_and_parameters_are_those_that_generators_know() {
    for_each_node(&mut |at, members| {
        if let Some(format) = members.get("format").and_then(Value::as_str) {
            assert!(
                ["uuid", "date-time", "int32", "int64", "double"].contains(&format),
                "{at} has the format {format}"
            );
        }
        let kind = members.get("type").and_then(Value::as_str);
        assert!(kind != Some("integer") || members.contains_key("format"), "{at} is an integer of no size");
        if members.get("in") == Some(&Value::from("query")) && members["schema"]["type"] == "array" {
            assert_eq!((&members["style"], &members["explode"]), (&"form".into(), &true.into()), "{at}");
        }
    });
}

#[test]
fn rule_10_everything_is_explained_and_shown() {
    let document = document();
    for (name, schema) in schemas(&document) {
        assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} is not described");
        assert!(schema.get("example").is_some() || schema.get("examples").is_some(), "{name} has no example");
        for (member, value) in schema["properties"].as_object().into_iter().flatten() {
            let example = &schema["example"];
            let required = schema["required"].as_array().is_some_and(|names| names.contains(&member.as_str().into()));
            assert!(!required || example.get(member).is_some(), "{name}'s example lacks {member}: {value}");
        }
        for member in schema["example"].as_object().into_iter().flatten().map(|(member, _)| member) {
            let known = schema["properties"].get(member).is_some() || name == "StringMap";
            assert!(known, "{name}'s example has {member}, which it has not");
        }
    }
    for (path, method, operation) in operations(&document) {
        let summary = operation["summary"].as_str().unwrap();
        assert!((1..=60).contains(&summary.len()) && !summary.contains('\n'), "{method} {path}: {summary}");
        assert!(operation["description"].as_str().unwrap().contains("```sh\ncurl "), "{method} {path}");
        let samples = operation["x-codeSamples"].as_array().unwrap();
        let languages: Vec<&str> = samples.iter().map(|sample| sample["lang"].as_str().unwrap()).collect();
        assert_eq!(languages, ["Shell", "Python", "TypeScript"]);
    }
}

#[test]
fn rule_11_the_server_is_relative_and_the_version_that_of_the_api() {
    let document = document();
    assert_eq!(document["servers"], serde_json::json!([{"url": "/", "description": "This server"}]));
    assert_eq!(document["info"]["version"], "1.0.0");
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn the_older_variant_says_the_same_in_older_words() {
    let (new, old) = (document(), presque::http::document(Variant::V30));
    assert_eq!(old["openapi"], "3.0.3");
    let text = old.to_string();
    for word in ["problem+json", "\"examples\"", "\"identifier\"", "[\"string\",\"null\"]"] {
        assert!(!text.contains(word), "{word}");
    }
    let paths = |document: &Value| document["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&new), paths(&old));
}

#[test]
fn the_policy_in_the_document_is_the_one_of_the_program() {
    let document = document();
    let policy = presque::domain::QueuePolicy::default();
    let names: BTreeSet<String> = serde_json::to_value(&policy).unwrap().as_object().unwrap().keys().cloned().collect();
    for schema in ["QueuePolicy", "UpsertQueueRequest"] {
        let properties = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
        assert_eq!(properties.keys().cloned().collect::<BTreeSet<_>>(), names, "{schema}");
    }
}
