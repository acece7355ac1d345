//! Model files for boto3 and the AWS CLI, which no longer carry the service: written from the contract.
//!
//! Put under a directory that `AWS_DATA_PATH` names (or `~/.aws/models`), they make `boto3.client("finspace")` and
//! `aws finspace ...` work with current releases.

use serde_json::{Map, Value, json};

use crate::contract::{Contract, Location, Operation, Shape, ShapeType, contract};

/// A file of the model directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFile {
    /// Path below the directory that `AWS_DATA_PATH` names.
    pub path: &'static str,
    pub content: String,
}

/// All files of the model: service, paginators, endpoint rules, waiters.
pub fn model_files() -> Vec<ModelFile> {
    let contract = contract();
    [
        (
            "finspace/2021-03-12/service-2.json",
            service_model(contract),
        ),
        (
            "finspace/2021-03-12/paginators-1.json",
            json!({"pagination": contract.paginators}),
        ),
        (
            "finspace/2021-03-12/endpoint-rule-set-1.json",
            endpoint_rules(),
        ),
        ("finspace/2021-03-12/waiters-2.json", waiters()),
    ]
    .into_iter()
    .map(|(path, content)| ModelFile {
        path,
        content: format!("{content:#}\n"),
    })
    .collect()
}

fn service_model(contract: &Contract) -> Value {
    let mut metadata: Map<String, Value> = contract
        .metadata
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.clone())))
        .collect();
    metadata.insert("protocols".into(), json!(["rest-json"]));
    metadata.insert("auth".into(), json!(["aws.auth#sigv4"]));
    metadata.insert("serviceAbbreviation".into(), json!("finspace"));
    metadata.insert(
        "serviceFullName".into(),
        json!("FinSpace with Managed kdb Insights, served by qspace"),
    );
    let operations: Map<String, Value> = contract
        .operations
        .values()
        .map(|operation| (operation.name.clone(), operation_model(operation)))
        .collect();
    let shapes: Map<String, Value> = contract
        .shapes
        .values()
        .map(|shape| (shape.name.clone(), shape_model(shape)))
        .collect();
    json!({"version": "2.0", "metadata": metadata, "operations": operations, "shapes": shapes})
}

fn operation_model(operation: &Operation) -> Value {
    let mut http = json!({"method": operation.http_method, "requestUri": operation.uri});
    if operation.response_code != 200 {
        http["responseCode"] = json!(operation.response_code);
    }
    let errors: Vec<Value> = operation
        .errors
        .keys()
        .map(|name| json!({"shape": name}))
        .collect();
    let mut model = json!({
        "name": operation.name,
        "http": http,
        "input": {"shape": operation.input},
        "output": {"shape": operation.output},
        "errors": errors,
    });
    if operation.legacy {
        model["deprecated"] = json!(true);
    }
    model
}

fn shape_model(shape: &Shape) -> Value {
    let mut model = Map::new();
    let kind = match shape.kind {
        ShapeType::Structure => "structure",
        ShapeType::List => "list",
        ShapeType::Map => "map",
        ShapeType::String => "string",
        ShapeType::Integer => "integer",
        ShapeType::Long => "long",
        ShapeType::Double => "double",
        ShapeType::Boolean => "boolean",
        ShapeType::Timestamp => "timestamp",
    };
    model.insert("type".into(), json!(kind));
    if shape.kind == ShapeType::Structure {
        let members: Map<String, Value> = shape
            .members
            .iter()
            .map(|(name, member)| {
                let mut entry = json!({"shape": member.shape});
                let location = match member.location {
                    Location::Body => None,
                    Location::Uri => Some("uri"),
                    Location::QueryString => Some("querystring"),
                };
                if let Some(location) = location {
                    entry["location"] = json!(location);
                    entry["locationName"] = json!(member.wire.as_deref().unwrap_or(name));
                }
                if member.idempotency_token {
                    entry["idempotencyToken"] = json!(true);
                }
                (name.clone(), entry)
            })
            .collect();
        model.insert("members".into(), Value::Object(members));
    }
    if !shape.required.is_empty() {
        model.insert("required".into(), json!(shape.required));
    }
    for (name, reference) in [
        ("member", &shape.member),
        ("key", &shape.key),
        ("value", &shape.value),
    ] {
        if let Some(reference) = reference {
            model.insert(name.into(), json!({"shape": reference}));
        }
    }
    for (name, limit) in [("min", shape.min), ("max", shape.max)] {
        if let Some(limit) = limit {
            model.insert(name.into(), whole_or_fraction(limit));
        }
    }
    if let Some(pattern) = &shape.pattern {
        model.insert("pattern".into(), json!(pattern));
    }
    if let Some(values) = &shape.values {
        model.insert("enum".into(), json!(values));
    }
    if shape.sensitive {
        model.insert("sensitive".into(), json!(true));
    }
    if shape.boxed {
        model.insert("box".into(), json!(true));
    }
    if shape.exception {
        model.insert("exception".into(), json!(true));
        let status = shape.http_status.unwrap_or(400);
        model.insert("error".into(), json!({"httpStatusCode": status}));
        if status >= 500 {
            model.insert("fault".into(), json!(true));
        }
    }
    Value::Object(model)
}

fn whole_or_fraction(number: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "limits of the contract are small; the cast is undone when it would change the number"
    )]
    let whole = number as i64;
    if whole as f64 == number {
        json!(whole)
    } else {
        json!(number)
    }
}

/// The rule that an endpoint given by the user is the endpoint; else the public name the service had.
fn endpoint_rules() -> Value {
    let reference = |name: &str| json!([{"ref": name}]);
    json!({
        "version": "1.0",
        "parameters": {
            "Region": {"builtIn": "AWS::Region", "required": false, "type": "string",
                       "documentation": "The region used to sign the request."},
            "UseDualStack": {"builtIn": "AWS::UseDualStack", "required": true, "default": false, "type": "boolean",
                             "documentation": "Has no effect."},
            "UseFIPS": {"builtIn": "AWS::UseFIPS", "required": true, "default": false, "type": "boolean",
                        "documentation": "Has no effect."},
            "Endpoint": {"builtIn": "SDK::Endpoint", "required": false, "type": "string",
                         "documentation": "The address of the qspace server."}
        },
        "rules": [
            {"conditions": [{"fn": "isSet", "argv": reference("Endpoint")}],
             "endpoint": {"url": {"ref": "Endpoint"}, "properties": {}, "headers": {}}, "type": "endpoint"},
            {"conditions": [{"fn": "isSet", "argv": reference("Region")}],
             "endpoint": {"url": "https://finspace.{Region}.amazonaws.com", "properties": {}, "headers": {}},
             "type": "endpoint"},
            {"conditions": [], "error": "Set AWS_ENDPOINT_URL to the address that qspace serve printed", "type": "error"}
        ]
    })
}

/// Waiters the SDK never had: for clusters and environments, polling each second because ours take seconds.
fn waiters() -> Value {
    let matches = |state: &str, expected: &str| json!({"matcher": "path", "argument": "status", "state": state, "expected": expected});
    let gone =
        json!({"matcher": "error", "state": "success", "expected": "ResourceNotFoundException"});
    let waiter = |operation: &str, acceptors: Value| json!({"operation": operation, "delay": 1, "maxAttempts": 1800, "acceptors": acceptors});
    json!({
        "version": 2,
        "waiters": {
            "KxClusterRunning": waiter("GetKxCluster", json!([
                matches("success", "RUNNING"), matches("failure", "CREATE_FAILED"), matches("failure", "DELETING"),
            ])),
            "KxClusterDeleted": waiter("GetKxCluster", json!([gone, matches("failure", "DELETE_FAILED")])),
            "KxEnvironmentCreated": waiter("GetKxEnvironment", json!([
                matches("success", "CREATED"), matches("failure", "FAILED_CREATION"),
            ])),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_model_says_what_botocore_needs() {
        let files = model_files();
        let service: Value = serde_json::from_str(&files[0].content).unwrap();
        assert_eq!(service["metadata"]["protocol"], "rest-json");
        assert_eq!(service["metadata"]["serviceId"], "finspace");
        assert_eq!(
            service["operations"].as_object().unwrap().len(),
            contract().operations.len()
        );
        let delete = &service["shapes"]["DeleteKxUserRequest"]["members"];
        assert_eq!(delete["userName"]["location"], "uri");
        assert_eq!(delete["clientToken"]["location"], "querystring");
        assert_eq!(delete["clientToken"]["idempotencyToken"], true);
        assert_eq!(
            service["shapes"]["ConflictException"]["error"]["httpStatusCode"],
            409
        );
        assert_eq!(service["shapes"]["CpuCount"]["min"], json!(0.1));
        assert_eq!(service["shapes"]["MaxResults"]["max"], json!(100));
        for file in &files {
            assert!(
                serde_json::from_str::<Value>(&file.content).is_ok(),
                "{}",
                file.path
            );
        }
    }
}
