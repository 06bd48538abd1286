//! The OpenAPI document: generated, complete, and the same everywhere.

use std::collections::HashSet;
use std::fs;

use serde_json::Value;

use crate::support::TestApp;

fn document() -> Value {
    presque::http::document(presque::http::Variant::V31)
}

/// Path, method and operation of the document.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    operations
}

#[test]
fn openapi_yaml_is_what_the_program_prints() {
    let file = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).unwrap_or_default();
    assert!(file == presque::http::yaml(presque::http::Variant::V31).unwrap(), "openapi.yaml is old: run `just gen`");
}

#[test]
fn every_operation_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    assert_eq!(document["info"]["title"], "presque");
    let (mut ids, operations) = (HashSet::new(), operations(&document));
    assert_eq!(operations.len(), 20 + 42, "classic and ops, and `/v1`");
    for (path, method, operation) in operations {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{id}");
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!((1..=60).contains(&summary.len()), "{at}: {summary}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{at}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{at} {status}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{at} {parameter}");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name} has no description");
    }
}

#[tokio::test]
async fn the_server_serves_the_document_and_every_route_in_it() {
    let app = TestApp::start().await;
    let served = app.get("/openapi.json").await;
    assert_eq!(served.json(), document());
    for (path, method, operation) in operations(&served.json()) {
        let id = "01a206c8-d8c7-76c7-bfda-d9bb00000001";
        let uri = path
            .replace("{queue}", "foo")
            .replace("{job_id}", id)
            .replace("{bulk_operation_id}", id)
            .replace("{worker_id}", "w")
            .replace("{schedule_id}", "s")
            .replace("{batch_id}", id);
        let answer = app.send(&method.to_uppercase(), &uri, &[], "").await;
        let status = answer.status.as_u16().to_string();
        assert_ne!(status, "405", "{method} {path}");
        // What is documented once for all of them is a problem, and never the server's fault.
        let common = operation["responses"].get("default").is_some() && answer.status.is_client_error();
        assert!(
            operation["responses"].get(&status).is_some() || common && answer.json()["code"].is_string(),
            "{method} {path} answers {status}, which is not documented"
        );
    }
}
