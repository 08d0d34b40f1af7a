"""The command line itself, and `config`."""

import json
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("BUILD_DIR", "build")).resolve()


@pytest.fixture(name="run")
def fixture_run(tmp_path):
    """Runs the program for a person whose home is empty."""

    def run(*arguments, **environment):
        return subprocess.run(
            [BUILD / "feishu-caldav", *arguments],
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], **environment},
            cwd=tmp_path, text=True, capture_output=True, timeout=20, check=False)

    return run


def commands(run):
    """The commands that --help lists."""
    lines = run("--help").stdout.split("\nCommands:\n")[1].split("\n\n")[0].split("\n")
    return [line[2:18].strip() for line in lines]


def test_help_lists_the_commands_and_each_has_help_of_its_own(run):
    assert "config" in commands(run)
    for command in commands(run):
        done = run(*command.split(), "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"Usage: feishu-caldav [-c FILE] {command}")


def test_version_is_one_line(run):
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.split()[0] == "feishu-caldav"
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["--nonsense"], ["config", "--nonsense"], ["config", "extra"],
    ["config", "-c"], ["user"], ["-c"], ["config", "--config="], ["config", "-c", ""],
    ["user", "passwords", "ada@example.com", "--revoke", "the-first"],
    ["user", "passwords", "ada@example.com", "--revoke", "-1"],
])
def test_wrong_usage_is_exit_2_and_says_where_help_is(run, arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--help'" in done.stderr.splitlines()[-1]


def test_config_reads_the_named_file_wherever_the_option_stands(run, tmp_path):
    (tmp_path / "my.conf").write_text("[sync]\nhistory = 30\n")
    for arguments in (["-c", "my.conf", "config"], ["config", "-c", "my.conf"],
                      ["config", "--config=my.conf", "--json"]):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert "30" in next(line for line in done.stdout.splitlines() if "sync.history" in line)


def test_config_strikes_out_secrets(run, tmp_path):
    (tmp_path / "my.conf").write_text("[feishu]\napp-secret = hush-hush\n")
    for arguments in ([], ["--json"]):
        done = run("config", "-c", "my.conf", *arguments, FEISHU_CALDAV_FEISHU_ENCRYPT_KEY="key!")
        assert done.returncode == 0
        assert "hush-hush" not in done.stdout and "key!" not in done.stdout


def test_config_as_json_has_every_option_of_the_list(run):
    values = json.loads(run("config", "--json").stdout)
    options = json.loads(run("config", "--list", "--json").stdout)
    assert set(values) == {option["option"] for option in options}
    for option in options:
        assert option["meaning"] and option["type"]
        assert option["environment"] == "FEISHU_CALDAV_" + option["option"].upper().replace(
            ".", "_").replace("-", "_")
    assert values["feishu.rate-per-minute"] == 1000
    assert values["feishu.app-secret"] is None


def test_every_default_is_accepted_from_the_environment(run):
    """What the list says must be what the reader takes."""
    options = json.loads(run("config", "--list", "--json").stdout)
    environment = {o["environment"]: o["default"] for o in options if o["default"] is not None}
    done = run("config", "--json", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(run("config", "--json").stdout)


def test_wrong_configuration_is_one_plain_line_and_exit_1(run, tmp_path):
    (tmp_path / "my.conf").write_text("[server]\nport = 80\n")
    done = run("config", "-c", "my.conf")
    assert done.returncode == 1
    assert done.stderr == "feishu-caldav: my.conf:2: unknown option server.port\n"
    assert run("config", "--list", "-c", "my.conf").returncode == 0

    done = run("config", FEISHU_CALDAV_LOG_LEVEL="loud")
    assert done.returncode == 1
    assert done.stderr == ("feishu-caldav: environment FEISHU_CALDAV_LOG_LEVEL: log.level: "
                           "must be one of error, warning, info, debug\n")

    done = run("config", "-c", "none.conf")
    assert done.returncode == 1
    assert done.stderr == "feishu-caldav: none.conf: cannot open: No such file or directory\n"


def test_check_finds_what_serve_would_refuse(run, tmp_path):
    """In a line of its own and with the line of the file, where there is one."""
    config, key = tmp_path / "my.conf", tmp_path / "key.pem"
    store = f"[store]\npath = {tmp_path}/store.db\n"
    config.write_text(store + "[server]\nlisten = 127.0.0.1:1 [::]:5280\n")
    why = "configuration: my.conf:4: server.listen: [::]:5280 is not loopback"
    for command in ("check", "serve"):
        done = run(command, "-c", "my.conf")
        assert done.returncode == 1
        assert why.removeprefix("" if command == "check" else "configuration: ") in \
            done.stdout + done.stderr
        assert (done.stdout + done.stderr).count("\n") == 1

    config.write_text(store + f"[server]\ntls-cert = {tmp_path}/none.pem\ntls-key = {key}\n")
    key.write_text("no key\n")
    done = run("check", "-c", "my.conf")
    assert (done.returncode, done.stdout) == (1, "configuration: server.tls-cert: "
                                              f"{tmp_path}/none.pem: cannot open: "
                                              "No such file or directory\n")
    (tmp_path / "none.pem").write_text("no certificate\n")
    done = run("check", "-c", "my.conf")
    assert done.returncode == 1 and "are not a certificate and its key" in done.stdout
    assert done.stdout.count("\n") == 1 and not done.stderr

    config.write_text(f"[store]\npath = {key}\n")
    key.write_text("no database " * 100)
    done = run("check", "-c", "my.conf")
    assert done.returncode == 1
    assert f"store: {key} is not a store" in done.stdout


@pytest.mark.parametrize("script", ["quickstart.sh", "check.sh"])
def test_the_scripts_tell_what_they_do_before_they_do_it(script):
    path = pathlib.Path(__file__).parents[2] / "contrib" / script
    told = subprocess.run([path, "--help"], text=True, capture_output=True, timeout=20, check=True)
    assert f"contrib/{script}" in told.stdout and not told.stderr
    done = subprocess.run([path, "--nonsense"], text=True, capture_output=True, timeout=20,
                          check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{script}: unknown option --nonsense (try --help)\n"


def test_output_that_cannot_be_written_is_a_failure(run):
    done = subprocess.run(["sh", "-c", f"'{BUILD}/feishu-caldav' config >/dev/full"],
                          text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert "standard output" in done.stderr
