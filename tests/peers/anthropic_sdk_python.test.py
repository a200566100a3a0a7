"""The official Python SDK reads our scripted Messages API."""
import os
import shutil
import subprocess
import sys
import tempfile

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
sys.path.insert(0, SUPPORT)
MUST_RUN = os.environ.get("SPAWNAI_TESTS_MUST_RUN") == "1"


def skip(reason):
    print(("cannot skip: " if MUST_RUN else "skipped: ") + reason)
    sys.exit(1 if MUST_RUN else 77)


directory = tempfile.mkdtemp(prefix="spawnai-peer-")
try:
    made = subprocess.run([sys.executable, "-m", "venv", directory], capture_output=True, text=True)
    if made.returncode != 0:
        skip("python3 cannot make a virtual environment: " + (made.stdout + made.stderr)[-300:])
    python = os.path.join(directory, "bin", "python")
    installed = subprocess.run([python, "-m", "pip", "install", "--quiet", "anthropic==2.11.0"], capture_output=True, text=True)
    if installed.returncode != 0:
        skip("pip cannot install anthropic: " + installed.stderr[-300:])
    program = os.path.join(directory, "drive.py")
    with open(program, "w") as file:
        file.write('''
import subprocess, sys
import anthropic

QUESTION = dict(model="claude-haiku-5-5", max_tokens=32000,
                messages=[{"role": "user", "content": "The type of the app is api. Write <file-abc123 path>."}])

def streamed(play, **options):
    server = subprocess.Popen([sys.executable, sys.argv[1], "--play", play], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        client = anthropic.Anthropic(api_key="sk-ant-peer-test", base_url=server.stdout.readline().strip(), **{"max_retries": 0, **options})
        with client.messages.stream(**QUESTION) as stream:
            message = stream.get_final_message()
        return message, "".join(block.text for block in message.content if block.type == "text")
    finally:
        server.stdin.close()
        server.wait(timeout=20)

message, text = streamed("normal")
assert message.stop_reason == "end_turn" and message.usage.cache_read_input_tokens == 1488, message
assert text.startswith("<app-abc123 ") and text.endswith("</file-abc123>\\n") and text.count("<file-abc123") == 3, text
# All dialects but the byte order mark, which this SDK does not expect.
for play in ("slow", "crlf", "cr", "ping", "split_utf8", "thinking"):
    assert streamed(play)[1] == text, play
assert streamed("truncated")[0].stop_reason == "max_tokens"
assert streamed("refusal")[0].stop_reason == "refusal"
for first in ("429", "529", "500"):
    assert streamed(first + ",normal", max_retries=2)[1] == text, first
for play, kind in (("401", anthropic.AuthenticationError), ("403", anthropic.PermissionDeniedError), ("404", anthropic.NotFoundError),
                   ("400", anthropic.BadRequestError), ("529", anthropic.APIStatusError), ("error_event", anthropic.APIStatusError)):
    try:
        streamed(play)
    except kind:
        continue
    raise AssertionError(f"{play} raised nothing")
print("the official Python SDK reads every scenario")
''')
    done = subprocess.run([python, program, os.path.join(SUPPORT, "messages_server.py")], timeout=300)
    code = done.returncode
finally:
    shutil.rmtree(directory, ignore_errors=True)
sys.exit(code)
