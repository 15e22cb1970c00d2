"""Lists both APIs with Alibaba Cloud's own SDKs, and exits non-zero unless everything came as expected."""

import argparse
import sys

from alibabacloud_ims20190815.client import Client as Ims
from alibabacloud_ims20190815.models import ListVirtualMFADevicesRequest
from alibabacloud_smc20190601.client import Client as Smc
from alibabacloud_smc20190601.models import ListAccessTokensRequest
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_sts20150401.models import AssumeRoleRequest, AssumeRoleWithOIDCRequest
from alibabacloud_tea_openapi.models import Config

ACCOUNT_ARN = "acs:ram::1772422852740001"
# With the blanks that a client must not sign as pluses.
POLICY = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": ["smc:ListAccessTokens"], "Resource": "*"}]}'


def codes(client, **filters):
    """The items and TotalCount of one ListAccessTokens call."""
    body = client.list_access_tokens(ListAccessTokensRequest(**filters)).body
    return body.access_tokens.access_token or [], body.total_count


def devices(client, page_size):
    """All devices, following Marker, and the number of pages."""
    found, marker, page_count = [], None, 0
    while True:
        body = client.list_virtual_mfadevices(ListVirtualMFADevicesRequest(marker=marker, max_items=page_size)).body
        found += body.virtual_mfadevices.virtual_mfadevice or []
        page_count += 1
        if not body.is_truncated:
            return found, page_count
        marker = body.marker


def check(what, actual, expected):
    """Prints a count, and ends the run if it is not the expected one."""
    print(f"{what}: {actual}")
    if actual != expected:
        sys.exit(f"{what}: {actual} instead of {expected}")


def list_everything(smc, ims, options):
    """Every code and device, then the filters with what the listing told."""
    items, total_count = codes(smc)
    check("codes", len({item.access_token_id for item in items}), options.codes)
    check("TotalCount", total_count, options.codes)

    by_status = [codes(smc, status=status)[0] for status in ("unactivated", "activated", "expired")]
    check("codes by status", sum(map(len, by_status)), options.codes)

    # Twelve of them, because .10 sorts before .2, and a hole, because the SDK keeps the index of a None.
    some = [item.access_token_id for item in items[:12]]
    check("codes by id", len(codes(smc, access_token_id=some[:1] + [None] + some[1:])[0]), len(some))

    names = {item.name for item in items if item.name}
    not_ascii = {name for name in names if not name.isascii()}
    for name in [*sorted(not_ascii)[:3], *sorted(names - not_ascii)[:3]]:
        check(f"codes named {name}", len(codes(smc, name=name)[0]), sum(item.name == name for item in items))
    check("codes with a name nobody has", len(codes(smc, name="a b+c*d~e%f/激活码&=")[0]), 0)

    found, page_count = devices(ims, 40)
    check("devices", len({device.serial_number for device in found}), options.devices)
    check("pages of devices", page_count, max(1, -(-options.devices // 40)))
    bound = [device for device in found if device.activate_date]
    check("bound devices with their user", sum(bool(device.user.user_id) for device in bound), len(bound))


def assume_role(sts, way):
    """A session of the emulated role, narrowed to codes: asked for with a key, or with an identity provider's token."""
    role = {"role_arn": f"{ACCOUNT_ARN}:role/audit", "role_session_name": "sdk@example", "policy": POLICY}
    if way == "key":
        body = sts.assume_role(AssumeRoleRequest(external_id="ext 1", duration_seconds=900, **role)).body
    else:
        provider = {"oidcprovider_arn": f"{ACCOUNT_ARN}:oidc-provider/emulated", "oidctoken": "emulated.oidc+token/=="}
        body = sts.assume_role_with_oidc(AssumeRoleWithOIDCRequest(**provider, **role)).body
    check("assumed role", body.assumed_role_user.arn, f"{ACCOUNT_ARN}:assumed-role/audit/sdk@example")
    session = body.credentials
    keys = {"access_key_id": session.access_key_id, "access_key_secret": session.access_key_secret}
    return keys | {"security_token": session.security_token}


def list_as_role(smc, ims, options):
    """The session reads codes, and its policy denies it devices."""
    check("codes as a role", len(codes(smc)[0]), options.codes)
    try:
        devices(ims, 40)
    except Exception as error:
        check("devices as a role", getattr(error, "code", repr(error)), "NoPermission")
    else:
        sys.exit("the policy of the session was not heeded")


def expect_refusal(smc, ims, code):
    """Both calls must fail with this code."""
    for what, call in (("codes", lambda: codes(smc)), ("devices", lambda: devices(ims, 40))):
        try:
            call()
        except Exception as error:  # the SDK's generations raise different classes, all with a `code`
            check(f"refusal of {what}", getattr(error, "code", repr(error)), code)
        else:
            sys.exit(f"{what} were listed instead of refused with {code}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="HOST:PORT, spoken to in plain HTTP")
    parser.add_argument("--key-id", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--codes", type=int, default=0)
    parser.add_argument("--devices", type=int, default=0)
    parser.add_argument("--assume-with", choices=["key", "token"], help="list as a role that is assumed with this")
    parser.add_argument("--expect-error", metavar="CODE", help="both calls must be refused with this code")
    options = parser.parse_args()

    config = {"access_key_id": options.key_id, "access_key_secret": options.secret}
    config |= {"endpoint": options.endpoint, "protocol": "HTTP"}
    if options.assume_with:
        config |= assume_role(Sts(Config(**config)), options.assume_with)
    smc, ims = Smc(Config(**config)), Ims(Config(**config))
    if options.expect_error:
        expect_refusal(smc, ims, options.expect_error)
    elif options.assume_with:
        list_as_role(smc, ims, options)
    else:
        list_everything(smc, ims, options)


main()
