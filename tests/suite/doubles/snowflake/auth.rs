//! Rules 1 to 6: tokens and headers.

use reqwest::Method;
use serde_json::json;

use super::rig::{Jwt, KEY, OTHER_KEY, Reply, Rig, ago, pipe_path, public_der};
use snowtrack_doubles::snowflake::{FakeConfig, Manners, TokenKind};

/// A statement with this token.
async fn ask(rig: &Rig, token: &str) -> Reply {
    let path = format!("/api/v2/statements?requestId={}", uuid::Uuid::new_v4());
    let request = rig.request(Method::POST, &path).json(&json!({"statement": "select 1"}));
    let mut request = request.build().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let response = rig.http.execute(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, body: response.json().await.unwrap() }
}

#[tokio::test]
async fn a_right_token_passes_and_each_wrong_one_is_refused_with_its_reason() {
    assert_eq!(ask(&Rig::new(), &Jwt::right().signed_by(&KEY)).await.status, 200);
    let right = || Jwt::right();
    let text = |claim: &str| right().claims[claim].as_str().unwrap().to_owned();
    let iss = text("iss");
    let not_bugs = ["no user `NOBODY`", "account `OTHER` is not the host's", "no registered key"];
    let mut none_alg = right();
    none_alg.header = json!({"alg": "none", "typ": "JWT"});
    let mut no_typ = right();
    no_typ.header = json!({"alg": "RS256"});
    let mut no_iat = right();
    no_iat.claims.as_object_mut().unwrap().remove("iat");
    let renamed = |to: &str| {
        let subject = "MYORG-MYACCT.LOADER_SVC";
        right().with("iss", json!(iss.replace(subject, to))).with("sub", json!(to))
    };
    let nameless = iss.replace("MYORG-MYACCT.LOADER_SVC", "MYORG-MYACCT");
    let unpadded = iss.trim_end_matches('=').to_owned();
    for (jwt, key, code, reason) in [
        (none_alg, &KEY, "394305", "alg"),
        (no_typ, &KEY, "394305", "header"),
        (no_iat, &KEY, "394301", "claims"),
        (right().with("aud", json!("snowflake")), &KEY, "394301", "claims"),
        (right(), &OTHER_KEY, "394306", "signature"),
        (renamed("myorg-myacct.loader_svc"), &KEY, "394300", "upper case"),
        (renamed("MYORG-MYACCT.NOBODY"), &KEY, "394300", "no user `NOBODY`"),
        (renamed("MYORG-MYACCT.EU-WEST-1.LOADER_SVC"), &KEY, "394307", "a `.` in the account"),
        (renamed("OTHER.LOADER_SVC"), &KEY, "394307", "account `OTHER` is not the host's"),
        (right().with("sub", json!("MYORG-MYACCT.SOMEBODY")), &KEY, "394300", "is not of iss"),
        (right().with("iss", json!("MYORG-MYACCT.LOADER_SVC")), &KEY, "394304", "no fingerprint"),
        (
            right().with("iss", json!(nameless)).with("sub", json!("MYORG-MYACCT")),
            &KEY,
            "394300",
            "no user in",
        ),
        (right().with("iss", json!(unpadded)), &KEY, "394304", "no SHA-256 in padded base64"),
        (right().with("iat", json!(ago(3_700))), &KEY, "394303", "more than an hour"),
        (right().with("iat", json!(ago(-120))), &KEY, "394302", "in the future"),
        (right().with("exp", json!(ago(1))), &KEY, "394303", "is past"),
        (right().with("iat", json!("now")), &KEY, "394301", "iat is no number"),
    ] {
        let rig = Rig::new();
        let reply = ask(&rig, &jwt.signed_by(key)).await;
        let failures = rig.snowflake.login_failures();
        let is_expired = code == "394303";
        let (told, words) = match is_expired {
            true => ("390318", "has expired"),
            false => ("390144", "is invalid"),
        };
        assert_eq!((reply.status, reply.code()), (401, told), "{reason}");
        assert_eq!((failures[0].code, failures.len()), (code, 1), "{failures:?}");
        assert!(failures[0].reason.contains(reason), "{failures:?}");
        assert_eq!(reply.message(), format!("JWT token {words}. [{}]", failures[0].uuid));
        // A key that nobody registered is no bug of the client; a wrong claim is.
        assert_eq!(rig.complaints().is_empty(), not_bugs.contains(&reason), "{reason}");
    }
}

#[tokio::test]
async fn an_expired_token_may_be_called_as_it_was_before() {
    let rig = Rig::new();
    rig.snowflake.let_expired_tokens_be_called("390303");
    rig.snowflake.skew_clock(2 * 3_600);
    let reply = ask(&rig, &Jwt::right().signed_by(&KEY)).await;
    assert_eq!((reply.status, reply.code()), (401, "390303"));
}

#[tokio::test]
async fn what_is_no_jwt_at_all_is_refused_and_noticed() {
    let right = Jwt::right().signed_by(&KEY);
    let [head, body, signature] = right.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    for (token, complaint) in [
        (format!("{head}.{body}"), "the token has not three parts"),
        (format!("e30x.{body}.{signature}"), "the header is no JSON"),
        (format!("{head}.e30x.{signature}"), "the claims are no JSON"),
        (format!("{head}.{body}.+/=="), "the signature is no base64url"),
    ] {
        let rig = Rig::new();
        assert_eq!(ask(&rig, &token).await.status, 401, "{complaint}");
        rig.complains_of(complaint);
    }
}

#[tokio::test]
async fn either_of_two_registered_keys_is_good_and_a_third_is_not() {
    let both = |config: FakeConfig| FakeConfig {
        public_keys: vec![public_der(&OTHER_KEY), public_der(&KEY)],
        ..config
    };
    assert_eq!(ask(&Rig::empty(both), &Jwt::right().signed_by(&KEY)).await.status, 200);
    let other =
        |config: FakeConfig| FakeConfig { public_keys: vec![public_der(&OTHER_KEY)], ..config };
    let rig = Rig::empty(other);
    assert_eq!(ask(&rig, &Jwt::right().signed_by(&KEY)).await.status, 401);
    assert_eq!(rig.snowflake.login_failures()[0].code, "394304");
}

#[tokio::test]
async fn a_clock_that_is_off_shows_in_the_date_and_makes_tokens_old_without_a_bug() {
    let rig = Rig::new();
    rig.snowflake.skew_clock(2 * 3_600);
    let reply = ask(&rig, &Jwt::right().signed_by(&KEY)).await;
    let date = reply.headers["date"].to_str().unwrap();
    let ahead = chrono::DateTime::parse_from_rfc2822(date).unwrap().timestamp() - ago(0);
    assert!((7_190..=7_205).contains(&ahead), "{date} is {ahead} s ahead");
    assert_eq!((reply.status, rig.snowflake.login_failures()[0].code), (401, "394303"));
    assert!(rig.snowflake.violations().is_empty());
    rig.snowflake.skew_clock(-600);
    ask(&rig, &Jwt::right().with("iat", json!(ago(1))).signed_by(&KEY)).await;
    assert_eq!(rig.snowflake.login_failures()[1].code, "394302");
}

#[tokio::test]
async fn a_revoked_token_is_refused_a_new_one_passes_and_the_old_one_again_is_a_bug() {
    let rig = Rig::new();
    let old = Jwt::right().with("iat", json!(ago(60))).signed_by(&KEY);
    assert_eq!(ask(&rig, &old).await.status, 200);
    rig.snowflake.revoke_tokens();
    assert_eq!(ask(&rig, &old).await.status, 401);
    assert_eq!(ask(&rig, &Jwt::right().signed_by(&KEY)).await.status, 200);
    assert!(rig.snowflake.violations().is_empty());
    assert_eq!(rig.snowflake.counters().token_count, 2);
    ask(&rig, &old).await;
    rig.complains_of("came again after it was refused");
    assert_eq!(rig.snowflake.counters().repeated_token_count, 1);
}

#[tokio::test]
async fn a_third_try_after_two_refusals_is_a_bug() {
    let rig = Rig::empty(|config| FakeConfig { public_keys: Vec::new(), ..config });
    for seconds in [30, 20] {
        ask(&rig, &Jwt::right().with("iat", json!(ago(seconds))).signed_by(&KEY)).await;
    }
    assert!(rig.snowflake.violations().is_empty());
    ask(&rig, &Jwt::right().signed_by(&KEY)).await;
    rig.complains_of("asked again after two refused tokens");
}

#[tokio::test]
async fn the_token_type_must_name_the_credential() {
    let tokens = vec![
        (TokenKind::Pat, "pat-secret".to_owned()),
        (TokenKind::OAuth, "oauth-secret".to_owned()),
        (TokenKind::Wif, "WIF.AWS.wif-secret".to_owned()),
        (TokenKind::Wif, "WIF.ORACLE.wif-secret".to_owned()),
    ];
    let pipe = pipe_path(super::rig::PIPE, "insertReport", "");
    let statements = format!("/api/v2/statements?requestId={}", uuid::Uuid::new_v4());
    for (token, kind, path, status, complaint) in [
        ("pat-secret", "PROGRAMMATIC_ACCESS_TOKEN", &statements, 200, ""),
        ("oauth-secret", "OAUTH", &statements, 200, ""),
        ("WIF.AWS.wif-secret", "WORKLOAD_IDENTITY_FEDERATION", &statements, 200, ""),
        ("WIF.AWS.wif-secret", "WORKLOAD_IDENTITY_FEDERATION", &pipe, 200, ""),
        (
            "pat-secret",
            "PROGRAMMATIC_ACCESS_TOKEN",
            &pipe,
            401,
            "does not take a PROGRAMMATIC_ACCESS_TOKEN",
        ),
        ("oauth-secret", "OAUTH", &pipe, 401, "does not take a OAUTH"),
        ("pat-secret", "OAUTH", &statements, 401, "token type `OAUTH`"),
        ("pat-secret", "KEYPAIR_JWT", &statements, 401, "token type `KEYPAIR_JWT`"),
        ("WIF.ORACLE.wif-secret", "WORKLOAD_IDENTITY_FEDERATION", &statements, 200, "WIF.{AWS|"),
        // Somebody else's token is no bug.
        ("stranger", "OAUTH", &statements, 401, ""),
    ] {
        let rig = Rig::empty(|config| FakeConfig { tokens: tokens.clone(), ..config });
        rig.snowflake.admin(super::rig::SETUP);
        let method = if path == &pipe { Method::GET } else { Method::POST };
        let mut request =
            rig.http.request(method.clone(), format!("{}{path}", rig.snowflake.url()));
        if method == Method::POST {
            request = request.json(&json!({"statement": "select 1"}));
        }
        let request = request
            .bearer_auth(token)
            .header("Accept", "application/json")
            .header("X-Snowflake-Authorization-Token-Type", kind);
        assert_eq!(Reply::of(request).await.status, status, "{token} {kind} {path}");
        let found = rig.complaints();
        assert_eq!(found.is_empty(), complaint.is_empty(), "{found:?}");
        assert!(found.iter().all(|found| found.contains(complaint)), "{found:?}");
    }
}

#[tokio::test]
async fn every_header_is_missed() {
    for (header, value, status, complaint) in [
        ("authorization", None, 401, "no Bearer token"),
        (
            "x-snowflake-authorization-token-type",
            None,
            200,
            "no X-Snowflake-Authorization-Token-Type",
        ),
        ("accept", None, 200, "no Accept"),
        ("accept", Some("text/html"), 415, "Accept is `text/html`"),
        ("user-agent", Some("curl"), 400, "no User-Agent"),
        ("content-type", Some("text/csv"), 415, "Content-Type is `text/csv`"),
    ] {
        let rig = Rig::new();
        let path = format!("/api/v2/statements?requestId={}", uuid::Uuid::new_v4());
        let request = rig.request(Method::POST, &path).json(&json!({"statement": "select 1"}));
        let mut request = request.build().unwrap();
        match value {
            None => drop(request.headers_mut().remove(header)),
            Some(value) => drop(request.headers_mut().insert(header, value.parse().unwrap())),
        }
        assert_eq!(rig.http.execute(request).await.unwrap().status(), status, "{header}");
        rig.complains_of(complaint);
    }
    let rig = Rig::empty(|config| FakeConfig { manners: Manners::Documented, ..config });
    let url =
        format!("{}/api/v2/statements?requestId={}", rig.snowflake.url(), uuid::Uuid::new_v4());
    let request = rig.http.post(url).bearer_auth(Jwt::right().signed_by(&KEY));
    assert_eq!(Reply::of(request.json(&json!({"statement": "select 1"}))).await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_meant_is_405() {
    let rig = Rig::new();
    assert_eq!(rig.get("/api/v2/queries").await.status, 404);
    assert_eq!(rig.get("/api/v2/statements").await.status, 405);
    assert_eq!(rig.get(&pipe_path(super::rig::PIPE, "insertFiles", "")).await.status, 405);
    assert_eq!(rig.complaints().len(), 3);
}
