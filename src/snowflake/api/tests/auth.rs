use super::*;
use crate::snowflake::api::Statement;
use crate::snowflake::api::error::{Error, Refusal};

const REFUSED: &str =
    r#"{"code":"390144","message":"JWT token is invalid. [4a2b1c3d-0000-4000-8000-00000000abcd]"}"#;

fn one_row() -> Reply {
    json(200, result(r#"["a","1"]"#, &[1]))
}

fn refusal(error: &Error) -> &Refusal {
    match error {
        Error::Unauthorized(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_by_another() {
    let server = Server::start([json(401, REFUSED), one_row(), one_row()]).await;
    let connection = server.connect();
    for _ in 0..2 {
        connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap();
    }
    assert_eq!(connection.usage().token_count, 2);
    let asked = server.asked();
    assert_ne!(asked[0].header("authorization"), asked[1].header("authorization"));
    assert_eq!(asked[1].header("authorization"), asked[2].header("authorization"));
    assert_eq!(asked[0].parameter("requestId"), asked[1].parameter("requestId"));
    assert_eq!(asked[0].claims()["iat"], 1_767_614_400);
    assert_eq!(asked[1].claims()["iat"], 1_767_614_399);
}

#[tokio::test]
async fn a_token_refused_twice_ends_with_everything_there_is_to_check() {
    let refused = || json(401, REFUSED).with("date", date(-4));
    let server = Server::start([refused(), refused()]).await;
    let error = server.connect().run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
    assert_eq!(server.asked().len(), 2);
    assert!(!error.is_transient() && !error.is_later() && !error.is_config());
    let text = error.to_string();
    insta::assert_snapshot!(text, @r"
    account `myorg-myacct` (`127.0.0.1`) refused the key pair of user `loader` (390144): JWT token is invalid. [4a2b1c3d-0000-4000-8000-00000000abcd]
      the token said `MYORG-MYACCT.LOADER`, signed with key `SHA256:Hu60zm7uYiAvyv0loMcbuNqidJ+OdAFu2TBZZfzmgtQ=`
      usual causes:
      1. the key is not this user's: `desc user` must show `SHA256:Hu60zm7uYiAvyv0loMcbuNqidJ+OdAFu2TBZZfzmgtQ=` as RSA_PUBLIC_KEY_FP or RSA_PUBLIC_KEY_2_FP; `alter user … set rsa_public_key = '…'` registers it
      2. `loader` is not the user's LOGIN_NAME, which can differ from its NAME
      3. the account in the token is not the one Snowflake knows: try the other form of the identifier, or set the token's account by itself
      4. `127.0.0.1` is another account's host (region, privatelink or connection URL)
      5. the clock, but it is not to blame here (4 s off)
      an administrator sees the reason with `select SYSTEM$GET_LOGIN_FAILURE_DETAILS('4a2b1c3d-0000-4000-8000-00000000abcd')`
    ");
}

#[tokio::test]
async fn a_clock_that_is_off_is_named_and_the_new_token_tells_snowflakes_time() {
    let refused = || json(401, REFUSED).with("date", date(-95));
    let server = Server::start([refused(), refused()]).await;
    let connection = server.connect();
    let error = connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
    assert_eq!(connection.clock_skew(), Some(TimeDelta::seconds(95)));
    assert!(
        error.to_string().contains("this machine's clock is 95 s ahead of Snowflake's"),
        "{error}"
    );
    let asked = server.asked();
    assert_eq!(asked[0].claims()["iat"], 1_767_614_400);
    assert_eq!(asked[1].claims()["iat"], 1_767_614_400 - 95);
    assert_eq!(asked[1].claims()["exp"], 1_767_614_400 - 95 + 59 * 60);
}

#[tokio::test]
async fn a_token_made_elsewhere_is_sent_as_it_is_and_refused_once() {
    let body = r#"{"code":"390303","message":"Invalid OAuth access token. ...TTTTTTTT"}"#;
    let server = Server::start([json(401, body)]).await;
    let connection = server.connect_with(pat(), quick());
    let error = connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), "Bearer pat-secret");
    assert_eq!(
        asked[0].header("x-snowflake-authorization-token-type"),
        "PROGRAMMATIC_ACCESS_TOKEN"
    );
    assert_eq!((refusal(&error).signed.as_ref(), refusal(&error).code.as_str()), (None, "390303"));
    assert!(error.to_string().contains("expired or revoked"), "{error}");
    assert!(!format!("{error} {error:?} {:?}", connection.login()).contains("pat-secret"));
}

#[tokio::test]
async fn who_is_barred_is_told_by_what_and_not_to_look_at_the_key() {
    let bars = [
        (
            "390422",
            "Incoming request with IP/Token 192.0.2.7 is not allowed to access Snowflake. Contact your account administrator.",
            "network_policy' in user LOADER",
        ),
        ("390432", "Network policy is required.", "alter user LOADER set network_policy"),
        (
            "390202",
            "Your user account has been temporarily locked due to too many failed attempts.",
            "mins_to_unlock = 0",
        ),
        (
            "390101",
            "User access disabled. Contact your local system administrator.",
            "alter user LOADER set disabled = false",
        ),
        ("390110", "Your user login has been locked.", "mins_to_unlock = 0"),
        // Codes without their words.
        ("390202", "no", "desc user LOADER"),
        ("390101", "no", "desc user LOADER"),
        ("390110", "no", "desc user LOADER"),
    ];
    for (code, message, wanted) in bars {
        let body = serde_json::json!({"code": code, "message": message}).to_string();
        for credential in [None, Some(pat())] {
            // One reply: another token would help nothing.
            let server = Server::start([json(401, &body)]).await;
            let connection = match credential {
                None => server.connect(),
                Some(pat) => server.connect_with(pat, quick()),
            };
            let text =
                connection.run(&Statement::new("select 1"), &GO_ON).await.unwrap_err().to_string();
            assert!(text.contains(wanted) && text.contains(code), "{code}: {text}");
            assert!(!text.contains("usual causes") && !text.contains("RSA_PUBLIC_KEY"), "{text}");
            assert_eq!(server.asked().len(), 1, "{code}");
        }
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_whatever_it_is_called() {
    for code in ["390144", "390303", "390318"] {
        let body = serde_json::json!({"code": code, "message": "token expired"}).to_string();
        let server = Server::start([json(401, &body), one_row()]).await;
        server.connect().run(&Statement::new("select 1"), &GO_ON).await.unwrap();
        assert_eq!(server.asked().len(), 2, "{code}");
        let server = Server::start([json(401, &body), json(401, &body)]).await;
        let error = server.connect().run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("usual causes"), "{text}");
        assert_eq!(text.contains("look at the clock first"), code == "390318", "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_in_html_gives_no_reason_and_no_tags() {
    let server = Server::start([html(401), html(401)]).await;
    let error = server.connect().run(&Statement::new("select 1"), &GO_ON).await.unwrap_err();
    let Refusal { code, message, uuid, clock_skew, .. } = refusal(&error);
    assert_eq!((code.as_str(), message.as_str()), ("401", "no reason given"));
    assert_eq!((uuid, clock_skew), (&None, &None));
    server.asked();
}
