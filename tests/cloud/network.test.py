"""The way to a cloud: proxies, private authorities, and what doctor says about them."""
import json
import os
import shutil
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import spawnai  # noqa: E402
from cloud_home import CloudHome, page, refusal  # noqa: E402
from connect_proxy import ConnectProxy, make_certificates  # noqa: E402

spawnai.require_sandbox()
if shutil.which("openssl") is None:
    spawnai.skip("openssl is missing")

directory = tempfile.mkdtemp(prefix="spawnai-certificates-")
try:
    ca, certificate = make_certificates(directory, "*.cloud.test", "cloud.test")
    _, wrong = make_certificates(directory, "elsewhere.test", ca=ca)

    def checks(home, code=0, *arguments, **environment):
        result = home.run("doctor", "--json", *arguments, **environment)
        assert result.returncode == code, (result.returncode, result.stdout, result.stderr)
        assert home.cloud.key not in result.stdout

        return {check["name"]: check for check in json.loads(result.stdout)["checks"]}

    # Through a proxy to hosts that no resolver knows, under a private authority: from the first call to the app's own URL.
    with CloudHome(certificate=certificate, domain=None) as home:
        proxy = ConnectProxy(home.cloud.port, credentials="me:secret")
        for name in ("E2B_API_URL", "E2B_SANDBOX_URL"):
            del home.environment[name]
        home.environment.update(E2B_DOMAIN="cloud.test", HTTPS_PROXY=f"http://me:secret@{proxy.address}", CURL_CA_BUNDLE=ca)
        url = home.spawn("todo app")
        sandbox = home.cloud.live()[0]
        assert url == f"https://3000-{sandbox}.cloud.test", url
        assert set(proxy.hosts) == {"api.cloud.test:443", f"49983-{sandbox}.cloud.test:443", f"3000-{sandbox}.cloud.test:443"}, proxy.hosts
        home.expect(0, "logs", "@last", says="GET / 200")

        found = checks(home)
        for name in ("E2B API", "E2B sandboxes", "E2B apps", "clock"):
            assert found[name]["status"] == "ok", found[name]
        assert "accepts the key" in found["E2B API"]["message"]
        assert "secret" not in str(found), "the password of a proxy is nobody's business"
        assert f"HTTPS_PROXY is http://{proxy.address}" in found["proxy"]["message"], found["proxy"]

        del home.environment["CURL_CA_BUNDLE"]
        home.environment["SSL_CERT_FILE"] = ca
        assert checks(home)["E2B API"]["status"] == "ok"
        del home.environment["SSL_CERT_FILE"]
        untrusted = checks(home, 7)["E2B API"]
        assert "not trusted" in untrusted["message"] and "SSL_CERT_FILE" in untrusted["remedy"], untrusted
        home.expect(7, "spawn", "--offline", "todo app", says="not trusted", hint="SSL_CERT_FILE")
        missing = checks(home, 2, CURL_CA_BUNDLE="/none.pem")
        assert missing["CA file"]["status"] == "bad", missing

        home.environment["CURL_CA_BUNDLE"] = ca
        locked_out = checks(home, 7, HTTPS_PROXY=f"http://{proxy.address}")["E2B API"]
        assert "407" in locked_out["message"] and "HTTPS_PROXY" in locked_out["remedy"], locked_out
        nobody = checks(home, 7, HTTPS_PROXY="http://127.0.0.1:1")["E2B API"]
        assert nobody["status"] == "bad", nobody
        # Without the proxy these hosts have no address; that is known in a moment.
        direct = checks(home, 7, NO_PROXY=".cloud.test")
        assert "cannot be resolved" in direct["E2B API"]["message"] and "but not for .cloud.test" in direct["proxy"]["message"], direct
        proxy.close()

    # A certificate for another host.
    with CloudHome(certificate=wrong, domain=None) as home:
        proxy = ConnectProxy(home.cloud.port)
        for name in ("E2B_API_URL", "E2B_SANDBOX_URL"):
            del home.environment[name]
        home.environment.update(E2B_DOMAIN="cloud.test", HTTPS_PROXY=f"http://{proxy.address}", CURL_CA_BUNDLE=ca)
        found = checks(home, 7)
        assert "another host" in found["E2B API"]["remedy"], found["E2B API"]
        proxy.close()

    # On this machine a proxy of the environment is not used.
    with CloudHome() as home:
        home.environment.update(HTTPS_PROXY="http://127.0.0.1:1", HTTP_PROXY="http://127.0.0.1:1")
        home.spawn("todo app")

    # What doctor finds out about a cloud that answers.
    with CloudHome() as home:
        found = checks(home)
        assert [found[name]["status"] for name in ("E2B key", "E2B API", "E2B sandboxes", "E2B apps", "clock")] == ["ok"] * 5, found
        refused = checks(home, 4, E2B_API_KEY="e2b_" + "f" * 40)["E2B API"]
        assert "Invalid API key" in refused["message"] and "keys set e2b" in refused["remedy"], refused
        checks(home, 0, E2B_API_KEY=home.cloud.key + "\n")
        home.expect(4, "spawn", "--offline", "todo app", says="E2B_API_KEY has a space", E2B_API_KEY="a\nb")
        for offset, word in ((-7230, "ahead of"), (7230, "behind")):
            home.cloud.clock_offset = offset
            skewed = checks(home, 2)["clock"]
            assert word in skewed["message"] and "2h" in skewed["message"], skewed
        home.cloud.clock_offset = 0
        home.cloud.fault("list", page(200), for_ever=True)
        assert checks(home, 7)["E2B API"]["status"] == "bad"
        home.cloud.fault("list", refusal(429, "Rate limit exceeded"), for_ever=True)
        assert "Rate limit" in checks(home, 6)["E2B API"]["message"]
        home.cloud.heal()
        home.cloud.fault("app", page(200), for_ever=True)
        assert "no gateway of E2B" in checks(home, 7)["E2B apps"]["message"]
        home.cloud.heal()
        home.cloud.api = "v1"
        assert checks(home)["E2B API"]["status"] == "ok"
        assert "E2B API" not in checks(home, 0, "--offline")
        assert home.cloud.made == [], "doctor makes nothing"

    # A network that swallows everything: the checks wait together, not one after the other.
    with CloudHome() as home, socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = f"http://127.0.0.1:{silent.getsockname()[1]}"

        def timed(**environment):
            begun = time.monotonic()
            found = checks(home, 7, **environment)
            assert found["model API"]["status"] == "bad", found
            return time.monotonic() - begun
        alone = timed(E2B_API_KEY="", ANTHROPIC_BASE_URL=nowhere)
        together = timed(E2B_API_URL=nowhere, E2B_SANDBOX_URL=nowhere, ANTHROPIC_BASE_URL=nowhere)
        assert together < 1.8 * alone, (together, alone)
finally:
    shutil.rmtree(directory, ignore_errors=True)

print("ok")
