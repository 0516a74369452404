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
use jsonwebtoken::{Algorithm, EncodingKey};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::der::{Decode, ErrorKind, Header, SliceReader};
use rsa::pkcs8::{
    self, AlgorithmIdentifierRef, EncodePublicKey, EncryptedPrivateKeyInfo, PrivateKeyInfo,
};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Snowflake takes no shorter key.
const MIN_BITS: usize = 2048;
const RSA_ENCRYPTION: pkcs8::ObjectIdentifier =
    pkcs8::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const PBES2: pkcs8::ObjectIdentifier = pkcs8::ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// A key that can sign, and its name.
///
/// Its text, its DER and the opened key are wiped on the way here; `jsonwebtoken` does not wipe its own copy when it goes.
#[derive(Clone)]
pub(crate) struct KeyPair {
    signing: EncodingKey,
    public_key: String,
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
    /// The same key without its envelope.
    #[error(
        "the private key is in DER form (binary), wanted is PEM (text): convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -inform der -in rsa_key.der -out rsa_key.p8`; its public key stays the same"
    )]
    Der,
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
    #[error("the private key is encrypted, and no passphrase is set: set `PRIVATE_KEY_PASSPHRASE`")]
    MissingPassphrase,
    /// Encrypted with something else.
    #[error(
        "the passphrase does not open the private key: correct `PRIVATE_KEY_PASSPHRASE`; `openssl pkey -in rsa_key.p8 -noout` tries one by hand"
    )]
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
    pub(crate) fn from_pem(
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
            public_key: BASE64_STANDARD.encode(public.as_bytes()),
            bits,
        };
        // A key that reads well can still be refused by what signs with it (more than 4096 bits, say): better now than at
        // the first call.
        pair.sign(&())?;
        Ok(pair)
    }

    /// A token that says these claims.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, InvalidKey> {
        // RS256 alone: Snowflake documents others for its Python driver only.
        jsonwebtoken::encode(&jsonwebtoken::Header::new(Algorithm::RS256), claims, &self.signing)
            .map_err(damaged)
    }

    /// The public half as `ALTER USER … SET RSA_PUBLIC_KEY` takes it: base64 without the PEM lines.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    /// `SHA256:` and the base64 of the SHA-256 of the public key's DER, as `DESC USER` shows it in `RSA_PUBLIC_KEY_FP`.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
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
    // One pass into one allocation: what is copied on the way could not be wiped.
    let mut packed = Vec::with_capacity(body.len());
    let mut bytes = body.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // A line break spelt out as `\n` or `\r`, escaped once more by each tool that it went through.
            b'\\' => {
                while bytes.next_if_eq(&b'\\').is_some() {}
                bytes.next();
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => packed.push(byte),
        }
    }
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
    let scheme = scheme_of(der).map_err(damaged)?;
    if scheme != PBES2 {
        return Err(unsupported(scheme));
    }
    let sealed = EncryptedPrivateKeyInfo::try_from(der).map_err(|error| match error {
        pkcs8::Error::Asn1(error) if let ErrorKind::OidUnknown { oid } = error.kind() => {
            unsupported(oid)
        }
        _ => damaged(error),
    })?;
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

/// The encryption scheme by itself: of those that it does not know, crate `pkcs5` does not say the name.
fn scheme_of(der: &[u8]) -> Result<pkcs8::ObjectIdentifier, pkcs8::der::Error> {
    let mut reader = SliceReader::new(der)?;
    Header::decode(&mut reader)?;
    AlgorithmIdentifierRef::decode(&mut reader).map(|algorithm| algorithm.oid)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl rsa -pubin -in public.pem -outform DER | openssl dgst -sha256 -binary | openssl enc -base64`.
    const FINGERPRINT: &str = "SHA256:Hu60zm7uYiAvyv0loMcbuNqidJ+OdAFu2TBZZfzmgtQ=";
    const PASSPHRASE: &str = "correct horse";

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../../tests/fixtures/snowflake/", $name))
        };
    }

    fn read(pem: &str, passphrase: Option<&str>) -> Result<KeyPair, InvalidKey> {
        let passphrase = passphrase.map(SecretString::from);
        KeyPair::from_pem(&pem.into(), passphrase.as_ref())
    }

    fn refused(pem: &str, passphrase: Option<&str>) -> InvalidKey {
        read(pem, passphrase).unwrap_err()
    }

    #[test]
    fn a_key_is_read_plain_or_encrypted_and_named_as_openssl_names_it() {
        for (pem, passphrase) in [
            (fixture!("plain.p8"), None),
            (fixture!("plain.p8"), Some("not needed")),
            (fixture!("aes256.p8"), Some(PASSPHRASE)),
        ] {
            let key = read(pem, passphrase).unwrap();
            assert_eq!((key.fingerprint(), key.bits), (FINGERPRINT, 2048));
        }
    }

    #[test]
    fn a_key_survives_the_ways_an_environment_bends_it() {
        let pem = fixture!("plain.p8");
        for bent in [
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\\n"),
            pem.replace('\n', "\\\\\\\\r\\\\\\\\n"),
            pem.replace('\n', "\\\n"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', " "),
            format!("Bag Attributes\n  localKeyID: 01\n{pem}\n\n"),
            format!("\"{pem}\""),
        ] {
            assert_eq!(read(&bent, None).unwrap().fingerprint(), FINGERPRINT, "{bent}");
        }
    }

    #[test]
    fn what_opens_no_key_says_so() {
        let encrypted = fixture!("aes256.p8");
        assert_eq!(refused(encrypted, None), InvalidKey::MissingPassphrase);
        // Enough of them to meet one that leaves the padding intact.
        for n in 0..20 {
            assert_eq!(
                refused(encrypted, Some(&format!("wrong {n}"))),
                InvalidKey::WrongPassphrase
            );
        }
        assert_eq!(refused(encrypted, Some("")), InvalidKey::WrongPassphrase);
    }

    #[test]
    fn an_unsupported_cipher_is_named_with_the_command_that_replaces_it() {
        for (pem, cipher) in [
            (fixture!("des3.p8"), "des-ede3-cbc"),
            (fixture!("sha1_prf.p8"), "hmacWithSHA1"),
            (fixture!("pbes1.p8"), "pbeWithSHA1And3-KeyTripleDES-CBC"),
        ] {
            let error = refused(pem, Some(PASSPHRASE));
            assert_eq!(error, InvalidKey::UnsupportedCipher { cipher: cipher.to_owned() });
            assert!(error.to_string().contains("-v2 aes-256-cbc"), "{error}");
        }
    }

    #[test]
    fn what_is_no_rsa_private_key_in_pkcs8_is_told_apart() {
        let plain = fixture!("plain.p8");
        assert_eq!(refused(fixture!("public.pem"), None), InvalidKey::Public);
        assert_eq!(refused(fixture!("pkcs1.pem"), None), InvalidKey::Pkcs1);
        assert_eq!(refused(fixture!("pkcs1_encrypted.pem"), Some(PASSPHRASE)), InvalidKey::Pkcs1);
        assert_eq!(
            refused(fixture!("ec.p8"), None),
            InvalidKey::NotRsa { algorithm: "EC".to_owned() }
        );
        assert_eq!(refused(fixture!("rsa1024.p8"), None), InvalidKey::TooShort { bits: 1024 });
        let certificate = plain.replace("PRIVATE KEY", "CERTIFICATE");
        assert_eq!(
            refused(&certificate, None),
            InvalidKey::Other { label: "CERTIFICATE".to_owned() }
        );
        for no_pem in
            ["", "/keys/rsa_key.p8", &plain[..plain.len() / 2], &plain.replace("MII", "M!I")]
        {
            assert_eq!(refused(no_pem, None), InvalidKey::NotPem, "{no_pem}");
        }
        let halved: String = plain
            .lines()
            .enumerate()
            .filter(|(n, _)| *n != 5)
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        assert!(matches!(refused(&halved, None), InvalidKey::Damaged { .. }));
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_when_it_is_read() {
        assert!(matches!(refused(fixture!("rsa8192.p8"), None), InvalidKey::Damaged { .. }));
    }

    #[test]
    fn nothing_shown_holds_the_key() {
        let key = read(fixture!("plain.p8"), None).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("KeyPair {{ fingerprint: \"{FINGERPRINT}\", bits: 2048, .. }}")
        );
    }
}
