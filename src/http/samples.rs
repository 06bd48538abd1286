//! How to call an operation, in three languages, made from its own examples.

use serde_json::{Value, json};

use super::openapi::members;

/// The samples of one operation.
pub(super) struct Samples {
    pub(super) curl: String,
    python: String,
    typescript: String,
}

impl Samples {
    /// As documentation pages read them.
    pub(super) fn list(&self) -> Value {
        json!([
            {"lang": "Shell", "label": "curl", "source": self.curl},
            {"lang": "Python", "source": self.python},
            {"lang": "TypeScript", "source": self.typescript},
        ])
    }
}

/// How to call this operation, with the examples of its path and body.
pub(super) fn of(method: &str, path: &str, operation: &Value, schemas: &Value) -> Samples {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str);
    let schema = schema.and_then(|reference| reference.rsplit('/').next());
    let body = schema.map(|name| (name, schemas[name]["example"].clone()));
    let mut in_path: Vec<(String, String)> = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] == "path" {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            in_path.push((name, parameter["example"].as_str().unwrap_or_default().to_owned()));
        }
    }
    let in_query: Vec<(String, String)> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| {
            let text = |name: &str| parameter[name].as_str().unwrap_or_default().to_owned();
            (text("name"), text("example"))
        })
        .collect();
    let url = in_path.iter().fold(path.to_owned(), |url, (name, value)| url.replace(&format!("{{{name}}}"), value));
    let query: Vec<String> = in_query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let url = if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) };
    let named: Vec<_> = in_path.iter().chain(&in_query).cloned().collect();
    Samples {
        curl: curl(method, &url, body.as_ref().map(|(_, body)| body)),
        python: python(id, tag, &named, body.as_ref()),
        typescript: typescript(method, path, &in_path, &in_query, body.as_ref().map(|(_, body)| body)),
    }
}

fn curl(method: &str, url: &str, body: Option<&Value>) -> String {
    let verb = if method == "get" { String::new() } else { format!(" -X {}", method.to_uppercase()) };
    let data = body.map_or(String::new(), |body| {
        format!(" -H 'Content-Type: application/json' \\\n  -d '{}'", body.to_string().replace('\'', "'\\''"))
    });
    format!("curl{verb} http://127.0.0.1:5000{url}{data}")
}

fn python(id: &str, tag: &str, in_path: &[(String, String)], body: Option<&(&str, Value)>) -> String {
    let model = body.map_or(String::new(), |(name, _)| format!("from presque_client.models import {name}\n"));
    let mut arguments: Vec<String> = in_path.iter().map(|(name, value)| format!("{name}={}", json!(value))).collect();
    arguments.push("client=client".to_owned());
    if let Some((name, body)) = body {
        arguments.push(format!("body={name}.from_dict({})", pythonic(body)));
    }
    format!(
        "from presque_client import Client\nfrom presque_client.api.{tag} import {id}\n{model}\n\
         client = Client(\"http://127.0.0.1:5000\")\n{id}.sync({})",
        arguments.join(", ")
    )
}

/// JSON as Python writes it.
fn pythonic(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(pythonic).collect::<Vec<_>>().join(", ")),
        Value::Object(_) => {
            let pairs: Vec<String> =
                members(value).iter().map(|(name, value)| format!("{}: {}", json!(name), pythonic(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

fn typescript(
    method: &str,
    path: &str,
    in_path: &[(String, String)],
    in_query: &[(String, String)],
    body: Option<&Value>,
) -> String {
    let mut options = Vec::new();
    let names = |given: &[(String, String)]| {
        let names: Vec<String> = given.iter().map(|(name, value)| format!("{name}: {}", json!(value))).collect();
        names.join(", ")
    };
    let groups = [("path", in_path), ("query", in_query)].into_iter().filter(|(_, given)| !given.is_empty());
    let groups: Vec<String> = groups.map(|(group, given)| format!("{group}: {{ {} }}", names(given))).collect();
    if !groups.is_empty() {
        options.push(format!("params: {{ {} }}", groups.join(", ")));
    }
    if let Some(body) = body {
        options.push(format!("body: {body}"));
    }
    let options = if options.is_empty() { String::new() } else { format!(", {{ {} }}", options.join(", ")) };
    format!(
        "import createClient from \"openapi-fetch\";\nimport type {{ paths }} from \"presque-client\";\n\n\
         const client = createClient<paths>({{ baseUrl: \"http://127.0.0.1:5000\" }});\n\
         const {{ data, error }} = await client.{}(\"{path}\"{options});",
        method.to_uppercase()
    )
}
