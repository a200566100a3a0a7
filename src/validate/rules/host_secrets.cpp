#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

/// Part of a path or an address under which keys of the machine are found; empty when there is none.
std::string_view secret_place(std::string_view text) {
    for (const std::string_view part : {"/etc/shadow",
                                        "/etc/gshadow",
                                        "/etc/sudoers",
                                        ".ssh/id_rsa",
                                        ".ssh/id_ed25519",
                                        ".ssh/id_dsa",
                                        ".ssh/id_ecdsa",
                                        ".aws/credentials",
                                        ".kube/config",
                                        ".docker/config.json",
                                        ".config/gcloud",
                                        ".git-credentials",
                                        "/.netrc",
                                        "/.pgpass",
                                        "/.npmrc",
                                        "/.pypirc",
                                        "/.bash_history",
                                        "/.zsh_history",
                                        "/proc/1/environ",
                                        "/proc/self/environ",
                                        "/proc/kcore",
                                        "/var/run/docker.sock",
                                        "/run/docker.sock",
                                        "/var/run/secrets/kubernetes.io",
                                        "/run/containerd/containerd.sock",
                                        "169.254.169.254",
                                        "metadata.google.internal",
                                        "169.254.170.2",
                                        "100.100.100.200",
                                        "fd00:ec2::254",
                                        "/.gnupg/",
                                        "Chrome/User Data",
                                        "Google/Chrome/Default",
                                        "Mozilla/Firefox/Profiles",
                                        "/.mozilla/firefox",
                                        "Login Data",
                                        "wallet.dat",
                                        "Ethereum/keystore",
                                        "/.electrum/wallets",
                                        "Exodus/exodus.wallet",
                                        "discord/Local Storage/leveldb",
                                        "Local Extension Settings"})
        if (contains(text, part)) return part;
    return {};
}

bool is_prose(std::string_view text) {
    std::size_t spaces = 0;
    for (const char c : text) spaces += c == ' ' ? 1U : 0U;
    return spaces > 6 || text.size() > 300;
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "an app has no business there: remove it";
    each_event(app, [&](const FileView& file, const Event& event) {
        const bool touches = event.act == Act::read_file || event.act == Act::walk || event.act == Act::write_file ||
                             event.act == Act::send || event.act == Act::connect || event.act == Act::shell ||
                             event.act == Act::program || event.act == Act::delete_;
        if (!touches) return;
        for (const Value* value : {&event.target, &event.data}) {
            if (event.act == Act::write_file && value == &event.data) continue;
            std::string_view place = secret_place(value->text);
            // The folder itself, when it is listed or read from.
            if (place.empty() && (event.act == Act::walk || event.act == Act::read_file))
                for (const std::string_view folder : {"/.ssh", "/.aws", "/.gnupg", "/.kube"})
                    if (ends_with(value->text, folder)) place = folder;
            if (!place.empty())
                judge.block(&file, event.offset, "the program reaches for keys of the machine: " + std::string(place),
                            hint);
            else if ((event.act == Act::read_file || event.act == Act::shell || event.act == Act::program) &&
                     contains(value->text, "/etc/passwd"))
                judge.block(&file, event.offset, "the program reads /etc/passwd", hint);
        }
        if (event.act == Act::send && has_taint(event.data, t_host_secret))
            judge.block(&file, event.offset, "keys of the machine are sent elsewhere", hint);
    });
    each_string(app, [&](const FileView& file, const Located& one) {
        if (is_prose(one.text) || !(file.runs() || file.kind == FileKind::page)) return;
        const std::string_view place = secret_place(one.text);
        if (place.empty()) return;
        if (file.kind == FileKind::page && !contains(place, "169.254"))
            judge.warn(&file, one.offset, "the page names a place of keys: " + std::string(place), hint);
        else
            judge.block(&file, one.offset,
                        "the program names a place where keys of the machine are kept: " + std::string(place), hint);
    });
}

}  // namespace

const Rule host_secrets{{"host-secrets", Severity::block, "harm",
                         "Paths and addresses under which a machine keeps its keys: SSH, cloud, browser and wallet "
                         "files, the metadata address, the container socket.",
                         "No generated app needs them. In longer text, such as a tutorial, they are just words."},
                        Scope::file,
                        check};

}  // namespace spawnai::validate::rules
