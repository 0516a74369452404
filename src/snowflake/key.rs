//! A private key read from PEM: what signs, and the fingerprint that Snowflake knows the key by.
//!
//! In: PKCS#8 text, plain or encrypted. Out: a [`KeyPair`]. Crate `rsa` reads the key and never signs with it: its private-key
//! operations are open to a timing attack (RUSTSEC-2023-0071), so signing is left to `jsonwebtoken`'s ring.
//!
//! The PEM envelope is opened by hand: a key that came through an environment variable has lost its line breaks, has `\n`
//! spelt out or has them in odd places, and none of that makes it another key.
//!
//! <https://docs.snowflake.com/en/user-guide/key-pair-auth>

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonwebtoken::EncodingKey;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::der::ErrorKind;
use rsa::pkcs8::{self, EncodePublicKey, EncryptedPrivateKeyInfo, PrivateKeyInfo};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

/// Snowflake takes no shorter key.
const MIN_BITS: usize = 2048;
const RSA_ENCRYPTION: pkcs8::ObjectIdentifier =
    pkcs8::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A key that can sign, and its name.
///
/// `jsonwebtoken` does not wipe its copy of the key when it goes; everything on the way there is wiped.
#[derive(Clone)]
pub struct KeyPair {
    signing: EncodingKey,
    fingerprint: String,
    bits: usize,
}

/// Text that is no usable private key. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are named by what they hold")]
pub enum InvalidKey {
    /// Not PEM, or cut.
    #[error(
        "the private key is not PEM: wanted is the whole text from `-----BEGIN PRIVATE KEY-----` (or `BEGIN ENCRYPTED PRIVATE KEY`) to its END line"
    )]
    NotPem,
    /// The other half.
    #[error(
        "this is a public key: wanted is the private key that it belongs to (`rsa_key.p8`, not `rsa_key.pub`)"
    )]
    Public,
    /// The older format.
    #[error(
        "the private key is in PKCS#1 form (`BEGIN RSA PRIVATE KEY`): convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in old_key.pem -out rsa_key.p8` (or `-nocrypt` for a plain one); its public key stays the same"
    )]
    Pkcs1,
    /// PEM of something else.
    #[error("the PEM text holds a `{label}`: wanted is a `PRIVATE KEY` or `ENCRYPTED PRIVATE KEY`")]
    Other { label: String },
    /// A key of another kind.
    #[error(
        "the private key is of type {algorithm}: Snowflake wants RSA; make one with `openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes-256-cbc -out rsa_key.p8`"
    )]
    NotRsa { algorithm: String },
    /// Encrypted, and nothing to open it with.
    #[error("the private key is encrypted, and no passphrase is set")]
    MissingPassphrase,
    /// Encrypted with something else.
    #[error("the passphrase does not open the private key")]
    WrongPassphrase,
    /// Encrypted in a way that we do not read.
    #[error(
        "the private key is encrypted with {cipher}, which is not supported: re-encrypt it with `openssl pkcs8 -in rsa_key.p8 | openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -out rsa_key_aes.p8`; its public key stays the same"
    )]
    UnsupportedCipher { cipher: String },
    /// Too weak.
    #[error("the private key has {bits} bits: Snowflake wants at least 2048")]
    TooShort { bits: usize },
    /// Broken inside.
    #[error("the private key is damaged: {reason}")]
    Damaged { reason: String },
}

impl KeyPair {
    /// Reads a private key; the passphrase is ignored where the key is not encrypted.
    pub fn from_pem(
        pem: &SecretString,
        passphrase: Option<&SecretString>,
    ) -> Result<Self, InvalidKey> {
        let (label, der) = open_envelope(pem)?;
        let key = match label.as_str() {
            "PRIVATE KEY" => read_plain(der.expose_secret())?,
            "ENCRYPTED PRIVATE KEY" => read_encrypted(der.expose_secret(), passphrase)?,
            "RSA PRIVATE KEY" => return Err(InvalidKey::Pkcs1),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(InvalidKey::Public),
            "EC PRIVATE KEY" => return Err(InvalidKey::NotRsa { algorithm: "EC".to_owned() }),
            _ => return Err(InvalidKey::Other { label }),
        };
        let bits = key.n().bits();
        if bits < MIN_BITS {
            return Err(InvalidKey::TooShort { bits });
        }
        let public = RsaPublicKey::from(&key).to_public_key_der().map_err(damaged)?;
        let signing = key.to_pkcs1_der().map_err(damaged)?;
        let pair = Self {
            signing: EncodingKey::from_rsa_der(signing.as_bytes()),
            fingerprint: fingerprint(public.as_bytes()),
            bits,
        };
        // A key that reads well can still be refused by what signs with it (more than 4096 bits, say): better now than at
        // the first call.
        super::jwt::try_key(&pair.signing).map_err(damaged)?;
        Ok(pair)
    }

    /// `SHA256:` and the base64 of the SHA-256 of the public key's DER, as `DESC USER` shows it in `RSA_PUBLIC_KEY_FP`.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(super) const fn signing(&self) -> &EncodingKey {
        &self.signing
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyPair")
            .field("fingerprint", &self.fingerprint)
            .field("bits", &self.bits)
            .finish_non_exhaustive()
    }
}

fn fingerprint(public_key_der: &[u8]) -> String {
    format!("SHA256:{}", BASE64_STANDARD.encode(Sha256::digest(public_key_der)))
}

/// The label and the bytes of the first PEM block.
fn open_envelope(pem: &SecretString) -> Result<(String, SecretSlice<u8>), InvalidKey> {
    let text = pem.expose_secret();
    let (_, rest) = text.split_once("-----BEGIN ").ok_or(InvalidKey::NotPem)?;
    let (label, rest) = rest.split_once("-----").ok_or(InvalidKey::NotPem)?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----")).ok_or(InvalidKey::NotPem)?;
    // An old-style encrypted key has header lines (`Proc-Type: …`) in its body; its label says enough.
    if body.contains(':') {
        return Ok((label.to_owned(), SecretSlice::default()));
    }
    let unescaped = SecretString::from(body.replace("\\r", "").replace("\\n", ""));
    let mut packed = Vec::with_capacity(unescaped.expose_secret().len());
    packed.extend(unescaped.expose_secret().bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let packed = SecretSlice::from(packed);
    let der = BASE64_STANDARD.decode(packed.expose_secret()).map_err(|_| InvalidKey::NotPem)?;
    Ok((label.to_owned(), der.into()))
}

fn read_plain(der: &[u8]) -> Result<RsaPrivateKey, InvalidKey> {
    let info = PrivateKeyInfo::try_from(der).map_err(damaged)?;
    if info.algorithm.oid != RSA_ENCRYPTION {
        return Err(InvalidKey::NotRsa { algorithm: name_of(info.algorithm.oid) });
    }
    RsaPrivateKey::try_from(info).map_err(damaged)
}

fn read_encrypted(
    der: &[u8],
    passphrase: Option<&SecretString>,
) -> Result<RsaPrivateKey, InvalidKey> {
    let unsupported = |oid| InvalidKey::UnsupportedCipher { cipher: name_of(oid) };
    let sealed = EncryptedPrivateKeyInfo::try_from(der).map_err(|error| match error.kind() {
        ErrorKind::OidUnknown { oid } => unsupported(oid),
        _ => damaged(error),
    })?;
    if let Some(scheme) = sealed.encryption_algorithm.pbes1() {
        return Err(unsupported(scheme.oid()));
    }
    let passphrase = passphrase.ok_or(InvalidKey::MissingPassphrase)?;
    let opened = sealed.decrypt(passphrase.expose_secret()).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            unsupported(oid)
        }
        // One wrong passphrase in 256 leaves the padding intact and fails later, as bytes that are no key.
        _ => InvalidKey::WrongPassphrase,
    })?;
    if PrivateKeyInfo::try_from(opened.as_bytes()).is_err() {
        return Err(InvalidKey::WrongPassphrase);
    }
    read_plain(opened.as_bytes())
}

fn damaged(error: impl fmt::Display) -> InvalidKey {
    InvalidKey::Damaged { reason: error.to_string() }
}

/// What `openssl` calls an algorithm.
fn name_of(oid: pkcs8::ObjectIdentifier) -> String {
    let oid = oid.to_string();
    match oid.as_str() {
        "1.2.840.113549.3.7" => "des-ede3-cbc",
        "1.3.14.3.2.7" => "des-cbc",
        "1.2.840.113549.3.2" => "rc2-cbc",
        "1.2.840.113549.2.7" => "hmacWithSHA1",
        "1.2.840.113549.1.5.3" => "pbeWithMD5AndDES-CBC",
        "1.2.840.113549.1.5.6" => "pbeWithMD5AndRC2-CBC",
        "1.2.840.113549.1.5.10" => "pbeWithSHA1AndDES-CBC",
        "1.2.840.113549.1.12.1.3" => "pbeWithSHA1And3-KeyTripleDES-CBC",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.112" => "Ed25519",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        _ => return oid,
    }
    .to_owned()
}
