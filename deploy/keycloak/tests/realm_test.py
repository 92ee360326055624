"""The realm file says what sign-in relies on, each line of it on purpose. Needs no Keycloak."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1]
REALM: dict[str, Any] = json.loads((FOLDER / "realm.json").read_text())
ACCOUNTS: list[dict[str, Any]] = json.loads((FOLDER / "demo-accounts.json").read_text())["users"]
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}
CLIENT = CLIENTS["bionicpro-auth"]
FLOWS = {flow["alias"]: flow for flow in REALM["authenticationFlows"]}
SCOPES = {scope["name"]: scope for scope in REALM["clientScopes"]}


def _mapper(scope: str, kind: str) -> dict[str, str]:
    """The settings of the only mapper of a kind in a scope."""
    (found,) = (mapper for mapper in SCOPES[scope]["protocolMappers"] if mapper["protocolMapper"] == kind)
    settings: dict[str, str] = found["config"]
    return settings


def the_client_proves_itself_and_keeps_no_secret_in_the_file() -> None:
    assert CLIENT["enabled"] and CLIENT["publicClient"] is False
    assert CLIENT["clientAuthenticatorType"] == "client-secret"
    assert CLIENT["secret"] == "${BIONICPRO_CLIENT_SECRET}"
    texts = re.findall(r'"(?:secret|value|password)"\s*:\s*"([^"]*)"', (FOLDER / "realm.json").read_text())
    assert texts == ["${BIONICPRO_CLIENT_SECRET}"]
    assert "users" not in REALM, "accounts with a public password stay in a file of their own"


def only_the_code_flow_with_pkce_is_on() -> None:
    assert CLIENT["standardFlowEnabled"] is True
    for flow in (
        "implicitFlowEnabled",
        "directAccessGrantsEnabled",
        "serviceAccountsEnabled",
        "authorizationServicesEnabled",
    ):
        assert CLIENT[flow] is False, flow
    attributes = CLIENT["attributes"]
    assert attributes["pkce.code.challenge.method"] == "S256"
    for flow in (
        "oauth2.device.authorization.grant.enabled",
        "oidc.ciba.grant.enabled",
        "standard.token.exchange.enabled",
    ):
        assert attributes[flow] == "false", flow


def no_other_client_takes_passwords() -> None:
    assert {name for name, client in CLIENTS.items() if client["enabled"]} == {
        "bionicpro-auth",
        "account",
        "account-console",
    }
    for name, client in CLIENTS.items():
        assert client["directAccessGrantsEnabled"] is False, name
        assert client["implicitFlowEnabled"] is False, name
        assert client["fullScopeAllowed"] is False, name
        if client["enabled"]:
            assert client["attributes"]["pkce.code.challenge.method"] == "S256", name


def addresses_are_exact() -> None:
    attributes = CLIENT["attributes"]
    assert CLIENT["redirectUris"] == ["${BIONICPRO_URL}/auth/callback"]
    assert attributes["post.logout.redirect.uris"] == "${BIONICPRO_URL}/signed-out"
    assert "*" not in json.dumps(CLIENT) and "+" not in json.dumps(CLIENT)
    assert CLIENT["webOrigins"] == [], "no page of a browser talks to Keycloak"


def a_token_says_for_whom_and_whose_it_is_and_nothing_that_nobody_needs() -> None:
    assert CLIENT["fullScopeAllowed"] is False
    assert CLIENT["defaultClientScopes"] == ["basic", "profile", "reports"]
    assert CLIENT["optionalClientScopes"] == [], "no offline access"
    assert _mapper("basic", "oidc-sub-mapper")["access.token.claim"] == "true"
    audience = _mapper("reports", "oidc-audience-mapper")
    assert (audience["included.client.audience"], audience["access.token.claim"]) == (
        "bionicpro-auth",
        "true",
    )
    roles = _mapper("reports", "oidc-usermodel-realm-role-mapper")
    assert (roles["claim.name"], roles["multivalued"], roles["access.token.claim"]) == (
        "realm_access.roles",
        "true",
        "true",
    )
    name = _mapper("profile", "oidc-full-name-mapper")
    assert (name["id.token.claim"], name["access.token.claim"]) == ("true", "false")
    username = _mapper("profile", "oidc-usermodel-attribute-mapper")
    assert (username["user.attribute"], username["claim.name"]) == ("username", "preferred_username")
    for scope in SCOPES.values():
        for mapper in scope["protocolMappers"]:
            assert "email" not in json.dumps(mapper), scope["name"]


def roles_are_the_three_of_the_design_and_reach_the_client() -> None:
    roles = {role["name"] for role in REALM["roles"]["realm"]}
    default = REALM["defaultRole"]["name"]
    assert roles == {"prothetic_user", "user", "administrator", default}
    (mapping,) = REALM["scopeMappings"]
    assert (mapping["client"], set(mapping["roles"])) == ("bionicpro-auth", roles - {default})


def an_account_may_do_nothing_by_itself_but_look_after_itself() -> None:
    (default,) = (role for role in REALM["roles"]["realm"] if role["name"] == REALM["defaultRole"]["name"])
    assert default["composites"] == {"client": {"account": ["view-profile", "manage-account"]}}


def tokens_are_short_signed_as_expected_and_refreshed_once() -> None:
    assert REALM["accessTokenLifespan"] <= 300
    assert REALM["accessCodeLifespan"] <= 60
    assert REALM["ssoSessionIdleTimeout"] <= 30 * 60
    assert REALM["ssoSessionMaxLifespan"] <= 8 * 3600
    assert REALM["revokeRefreshToken"] is True and REALM["refreshTokenMaxReuse"] == 0
    assert REALM["defaultSignatureAlgorithm"] == "RS256"
    attributes = CLIENT["attributes"]
    assert attributes["access.token.header.type.rfc9068"] == "true"
    assert attributes["access.token.signed.response.alg"] == "RS256"
    assert attributes["id.token.signed.response.alg"] == "RS256"


def keycloak_tells_of_the_end_of_a_session() -> None:
    attributes = CLIENT["attributes"]
    assert attributes["backchannel.logout.url"] == "${BIONICPRO_BACK_CHANNEL_URL}/auth/backchannel-logout"
    assert attributes["backchannel.logout.session.required"] == "true"
    assert attributes["backchannel.logout.revoke.offline.tokens"] == "true"
    assert CLIENT["frontchannelLogout"] is False


def nobody_chooses_their_own_login_name() -> None:
    # The mart knows people by login name, and a name belongs to the first account that comes with it.
    # Whoever could choose a name would choose somebody else's.
    assert REALM["registrationAllowed"] is False, (
        "nobody makes themselves an account, under a name of their choice"
    )
    assert REALM["editUsernameAllowed"] is False, "nobody gives their account the name of somebody else"
    assert "identityProviders" not in REALM, "nobody comes with a name that they have chosen elsewhere"
    for setting in ("loginWithEmailAllowed", "rememberMe"):
        assert REALM[setting] is False, setting


def _steps(alias: str) -> list[tuple[str, str]]:
    """The parts of a flow in their order, each with the name of its settings, and what is asked of it."""
    steps = sorted(FLOWS[alias]["authenticationExecutions"], key=lambda step: step["priority"])
    keys = ("authenticator", "flowAlias", "authenticatorConfig")
    return [(" ".join(step[key] for key in keys if key in step), step["requirement"]) for step in steps]


def whoever_has_a_second_factor_is_asked_for_it_and_an_administrator_has_one() -> None:
    assert REALM["browserFlow"] == "sign-in"
    assert _steps("sign-in") == [("auth-cookie", "ALTERNATIVE"), ("factors", "ALTERNATIVE")]
    assert _steps("factors") == [
        ("auth-username-password-form", "REQUIRED"),
        ("second factor", "CONDITIONAL"),
        ("administrators", "CONDITIONAL"),
    ]
    assert _steps("second factor") == [
        ("conditional-user-configured", "REQUIRED"),
        ("conditional-credential no passkey so far", "REQUIRED"),
        ("auth-otp-form", "ALTERNATIVE"),
        ("webauthn-authenticator-passwordless", "ALTERNATIVE"),
    ]
    assert _steps("administrators") == [
        ("conditional-user-role administrator", "REQUIRED"),
        ("conditional-credential no second factor so far", "REQUIRED"),
        ("auth-otp-form", "REQUIRED"),
    ]
    conditions = {condition["alias"]: condition["config"] for condition in REALM["authenticatorConfig"]}
    assert conditions == {
        "administrator": {"condUserRole": "administrator", "negate": "false"},
        "no passkey so far": {"credentials": "webauthn-passwordless", "included": "false"},
        "no second factor so far": {"credentials": "otp##webauthn-passwordless", "included": "false"},
    }
    for name, client in CLIENTS.items():
        assert "authenticationFlowBindingOverrides" not in client, f"{name} signs people in by another flow"


def no_flow_takes_passwords_from_programs() -> None:
    assert _steps(REALM["directGrantFlow"]) == [("deny-access-authenticator", "REQUIRED")]


def a_person_can_add_codes_and_passkeys_and_remove_them() -> None:
    enabled = {action["alias"] for action in REALM["requiredActions"] if action["enabled"]}
    assert {"CONFIGURE_TOTP", "webauthn-register-passwordless", "delete_credential"} <= enabled
    assert "UPDATE_PASSWORD" in enabled
    assert not {"delete_account", "UPDATE_EMAIL", "CONFIGURE_RECOVERY_AUTHN_CODES"} & enabled


def codes_are_short_lived_and_good_once_and_passkeys_know_their_owner() -> None:
    assert REALM["otpPolicyType"] == "totp" and REALM["otpPolicyDigits"] >= 6
    assert REALM["otpPolicyPeriod"] <= 30 and REALM["otpPolicyLookAheadWindow"] <= 1
    assert REALM["otpPolicyCodeReusable"] is False
    assert REALM["webAuthnPolicyPasswordlessPasskeysEnabled"] is True
    assert REALM["webAuthnPolicyPasswordlessUserVerificationRequirement"] == "required", "it stands alone"
    assert REALM["webAuthnPolicyPasswordlessResidentKey"] == "required"


def guessing_passwords_is_slow_and_seen() -> None:
    assert REALM["bruteForceProtected"] is True
    assert REALM["failureFactor"] <= 5
    assert REALM["waitIncrementSeconds"] >= 60
    assert REALM["permanentLockout"] is False, "or anybody could lock anybody out for good"
    assert REALM["eventsEnabled"] is True and REALM["adminEventsEnabled"] is True
    assert REALM["adminEventsDetailsEnabled"] is False, "details hold personal data"
    policy = REALM["passwordPolicy"]
    assert "length(8)" in policy and "maxLength(128)" in policy and "notUsername" in policy


def tls_is_asked_for_from_everywhere_but_this_machine() -> None:
    assert REALM["sslRequired"] == "external"


@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account["username"])
def demo_accounts_are_those_of_the_demo_issuer(account: dict[str, Any]) -> None:
    source = (FOLDER.parents[1] / "crates/issuer/src/accounts.rs").read_text()
    role = next(role for role in account["realmRoles"] if not role.startswith("default-roles-"))
    constant = {"prothetic_user": "WEARER"}.get(role, f'"{role}"')
    found = re.search(rf'username: "{account["username"]}",.*?role: ([^,]+),', source, re.DOTALL)
    assert found is not None and found.group(1) == constant
    assert f'subject: "{account["id"]}"' in found.group(0)
    assert f'("{account["firstName"]}", "{account["lastName"]}")' in found.group(0)
    assert account["credentials"][0]["value"] == "password123"


def there_are_five_demo_accounts() -> None:
    assert len({account["username"] for account in ACCOUNTS}) == 5
