//! Where a stream is: `kafka://host:port[,host:port]` or `kinesis://STREAM`.

use std::fmt;
use std::str::FromStr;

use super::error::Error;

/// A stream, by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamAddress {
    /// A Kafka cluster: some of its brokers, each with its port.
    Kafka {
        /// Comma separated.
        brokers: String,
    },
    /// A Kinesis stream, in the account and region that AWS's own chain gives.
    Kinesis {
        /// Its name.
        name: String,
    },
}

impl StreamAddress {
    /// That this binary knows such streams.
    ///
    /// # Errors
    /// [`Error::NoKafka`].
    pub(crate) const fn require_known(&self) -> Result<(), Error> {
        match self {
            Self::Kafka { .. } if !cfg!(feature = "kafka") => Err(Error::NoKafka),
            Self::Kafka { .. } | Self::Kinesis { .. } => Ok(()),
        }
    }
}

/// What an address is, for whoever gave another text.
pub(crate) const STREAM: &str = "`kafka://host:port[,host:port]` or `kinesis://STREAM`";

impl FromStr for StreamAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(brokers) = text.strip_prefix("kafka://") {
            let brokers = brokers.strip_suffix('/').unwrap_or(brokers);
            let is_broker = |broker: &str| {
                let parts = broker.rsplit_once(':');
                parts.is_some_and(|(host, port)| {
                    let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
                    is_host && port.parse::<u16>().is_ok_and(|port| 0 < port)
                })
            };
            let are_brokers = brokers.split(',').all(is_broker);
            return if are_brokers {
                Ok(Self::Kafka { brokers: brokers.to_owned() })
            } else {
                Err(STREAM)
            };
        }
        let name = text.strip_prefix("kinesis://").ok_or(STREAM)?;
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        // https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
        let is_name = (1..=128).contains(&name.len()) && name.chars().all(is_letter);
        if is_name { Ok(Self::Kinesis { name: name.to_owned() }) } else { Err(STREAM) }
    }
}

impl fmt::Display for StreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka { brokers } => write!(f, "kafka://{brokers}"),
            Self::Kinesis { name } => write!(f, "kinesis://{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written_and_nothing_else_is_one() {
        for text in ["kafka://a:9092", "kafka://a:9092,10.0.0.1:9093,[::1]:9", "kinesis://s-1_x.y"]
        {
            assert_eq!(text.parse::<StreamAddress>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "kafka://",
            "kafka://a",
            "kafka://a:x",
            "kafka://a:0",
            "kafka://u@a:1",
            "kafka://a:1,",
            "kafka:a:1",
            "kinesis://",
            "kinesis://a/b",
            "kinesis://a b",
            "s3://a/b",
            "a:9092",
        ] {
            assert_eq!(text.parse::<StreamAddress>(), Err(STREAM), "{text}");
        }
    }
}
