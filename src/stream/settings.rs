//! Which stream, and who we are to it.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::address::StreamAddress;
use crate::lake::StoreSettings;

/// Which stream, and who we are to it.
#[derive(Clone)]
pub(crate) struct StreamSettings {
    /// Where it is.
    pub(crate) address: StreamAddress,
    /// What every topic begins with.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "Kafka's"))]
    pub(crate) prefix: String,
    /// librdkafka's own settings: `name=value`, comma separated.
    pub(crate) properties: Option<SecretString>,
    /// How long nothing may come of it.
    pub(crate) timeout: Duration,
    /// Who we are to AWS.
    pub(crate) aws: StoreSettings,
}

/// One of librdkafka's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) value: String,
}

impl StreamSettings {
    /// The properties, one by one.
    #[cfg_attr(not(feature = "kafka"), expect(dead_code, reason = "Kafka's"))]
    pub(super) fn properties(&self) -> Vec<Property> {
        self.properties.as_ref().map(|text| split(text.expose_secret())).unwrap_or_default()
    }
}

/// A comma is part of a value unless another name follows it: passwords have some.
fn split(text: &str) -> Vec<Property> {
    let mut found: Vec<Property> = Vec::new();
    for part in text.split(',') {
        let is_letter =
            |letter: char| letter.is_ascii_lowercase() || letter == '.' || letter == '_';
        let named = part.trim_start().split_once('=');
        match (named, found.last_mut()) {
            (Some((name, value)), _) if !name.is_empty() && name.chars().all(is_letter) => {
                found.push(Property { name: name.to_owned(), value: value.to_owned() });
            }
            (_, Some(last)) => {
                last.value.push(',');
                last.value.push_str(part);
            }
            (_, None) if part.trim().is_empty() => {}
            (_, None) => {
                found.push(Property { name: part.trim().to_owned(), value: String::new() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_told_apart_by_their_names_and_a_value_may_have_commas_and_equal_signs() {
        let text = "security.protocol=SASL_SSL, sasl.username=u,sasl.password=a,b=1=C,x,ssl.ca.location=/a";
        let found: Vec<String> =
            split(text).into_iter().map(|it| format!("{} {}", it.name, it.value)).collect();
        assert_eq!(
            found,
            [
                "security.protocol SASL_SSL",
                "sasl.username u",
                "sasl.password a",
                "b 1=C,x",
                "ssl.ca.location /a"
            ]
        );
        assert_eq!(split(""), []);
    }
}
