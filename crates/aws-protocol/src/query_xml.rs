//! The query protocol with XML answers, which STS speaks.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use crate::percent;

/// How many parameters a request may have.
const PARAMETERS_MAX: usize = 200;

/// A request of the query protocol: `Action=..&Version=..&Parameter=..` as a form or in the URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueryRequest {
    parameters: BTreeMap<String, String>,
}

impl QueryRequest {
    /// Reads the body of a POST or the query of a GET; a plus stands for a blank. `None` when it is not UTF-8 or has
    /// more than 200 parameters.
    pub fn parse(form: &str) -> Option<Self> {
        let mut parameters = BTreeMap::new();
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS_MAX {
                return None;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| percent::decode(&text.replace('+', " "));
            parameters.insert(decoded(name)?, decoded(value)?);
        }
        Some(QueryRequest { parameters })
    }

    /// The operation, empty when the request names none.
    pub fn action(&self) -> &str {
        self.parameter("Action").unwrap_or_default()
    }

    /// All parameters in the order of their names.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

/// A piece of an XML answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Xml {
    Text(&'static str, String),
    Group(&'static str, Vec<Xml>),
}

impl Xml {
    fn write(&self, out: &mut String) {
        match self {
            Xml::Text(name, text) => {
                out.push_str(&format!("<{name}>"));
                escape(text, out);
                out.push_str(&format!("</{name}>"));
            }
            Xml::Group(name, children) => {
                out.push_str(&format!("<{name}>"));
                for child in children {
                    child.write(out);
                }
                out.push_str(&format!("</{name}>"));
            }
        }
    }
}

/// Escapes markup; characters that XML cannot hold become the replacement character.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                out.push(character);
            }
            _ => out.push('\u{fffd}'),
        }
    }
}

/// A successful answer: `<ActionResponse><ActionResult>..</ActionResult><ResponseMetadata>..`.
pub fn success(namespace: &str, action: &str, result: &[Xml], request_id: &str) -> Response<Bytes> {
    let mut body = format!("<{action}Response xmlns=\"{namespace}\"><{action}Result>");
    for element in result {
        element.write(&mut body);
    }
    body.push_str(&format!("</{action}Result>"));
    let metadata = vec![Xml::Text("RequestId", request_id.to_owned())];
    Xml::Group("ResponseMetadata", metadata).write(&mut body);
    body.push_str(&format!("</{action}Response>\n"));
    answer(200, body, request_id)
}

/// An error answer.
pub fn error(
    namespace: &str,
    status: u16,
    name: &str,
    message: &str,
    request_id: &str,
) -> Response<Bytes> {
    let fault = if status < 500 { "Sender" } else { "Receiver" };
    let mut body = format!("<ErrorResponse xmlns=\"{namespace}\">");
    let members = vec![
        Xml::Text("Type", fault.to_owned()),
        Xml::Text("Code", name.to_owned()),
        Xml::Text("Message", message.to_owned()),
    ];
    Xml::Group("Error", members).write(&mut body);
    Xml::Text("RequestId", request_id.to_owned()).write(&mut body);
    body.push_str("</ErrorResponse>\n");
    answer(status, body, request_id)
}

fn answer(status: u16, body: String, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(request_id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", request_id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_form_as_clients_send_it() {
        let request = QueryRequest::parse("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fdesk&RoleSessionName=a+b").unwrap();
        assert_eq!(request.action(), "AssumeRole");
        assert_eq!(
            request.parameter("RoleArn"),
            Some("arn:aws:iam::000000000000:role/desk")
        );
        assert_eq!(request.parameter("RoleSessionName"), Some("a b"));
        assert_eq!(request.parameter("Policy"), None);
        assert_eq!(QueryRequest::parse("a=%ff"), None);
        assert_eq!(QueryRequest::parse(&"a".repeat(10)).unwrap().action(), "");
        let many: String = (0..300).map(|number| format!("p{number}=&")).collect();
        assert_eq!(QueryRequest::parse(&many), None);
    }

    #[test]
    fn answers_nest_and_escape() {
        let credentials = vec![Xml::Text("AccessKeyId", "<A&B>\u{1}".to_owned())];
        let response = success(
            "https://sts.amazonaws.com/doc/2011-06-15/",
            "AssumeRole",
            &[Xml::Group("Credentials", credentials)],
            "id-1",
        );
        assert_eq!(
            std::str::from_utf8(response.body()).unwrap(),
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>&lt;A&amp;B&gt;\u{fffd}</AccessKeyId></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></AssumeRoleResponse>\n"
        );
        let response = error("ns", 403, "AccessDenied", "no", "id-2");
        assert_eq!(response.status(), 403);
        assert!(
            std::str::from_utf8(response.body())
                .unwrap()
                .contains("<Type>Sender</Type><Code>AccessDenied</Code>")
        );
    }

    proptest! {
        #[test]
        fn no_form_panics(form in any::<String>()) {
            let _ = QueryRequest::parse(&form);
        }
    }
}
