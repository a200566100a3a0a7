"""A FakeCloud and a spawnai home that uses it, together and cleaned up together."""
import json

import fake_cloud
import spawnai


class CloudHome(spawnai.Home):
    def __init__(self, environment=None, **options):
        options.setdefault("domain", "loopback")
        self.cloud = fake_cloud.FakeCloud(**options)
        super().__init__(**{**self.cloud.environment(), **(environment or {})})
        # The way to a cloud is the test's own affair.
        for name in list(self.environment):
            if name.lower().endswith("_proxy") or name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
                del self.environment[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        left = self.cloud.live()
        self.cloud.close()
        self.close()
        self.left = left

    def expect(self, code, *arguments, says="", hint="", **options):
        """Runs it; the code, and words of its error object, must be as said."""
        result = self.run(*arguments, **options)
        told = result.stdout + result.stderr
        assert result.returncode == code, (arguments, result.returncode, told)
        for word in (says, hint):
            assert word in told, (arguments, word, told)
        assert self.cloud.key not in told, told
        return result

    def spawn_json(self, *arguments, code=0, **options):
        result = self.run("spawn", "todo app", "--offline", "--json", *arguments, **options)
        assert result.returncode == code, (arguments, result.returncode, result.stdout, result.stderr)
        return json.loads(result.stdout)

    def creates(self):
        return len(self.cloud.calls("POST", "(/v2)?/sandboxes"))


def refusal(status, message, headers=None, **more):
    return fake_cloud.answer(status, {"code": status, "message": message, **more}, headers)


def page(status):
    return fake_cloud.answer(status, "<html><body>proxy</body></html>", {"Content-Type": "text/html"})
