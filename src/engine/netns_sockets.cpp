#include "engine/netns_sockets.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace spawnai::engine {
namespace {

constexpr std::size_t k_most_sockets = 16;
constexpr int k_patience_ms = 5000;

enum Step : int { join_owner, join_network, route, listen_tcp, listen_dns, done };
constexpr const char* k_step_names[] = {"join the user namespace", "join the network namespace", "add the local route",
                                        "listen for connections", "listen for name look-ups"};

struct Report {
    int step = done;
    int error = 0;
};

// From here to run_child(): executed between fork and _exit of a process with threads, so system calls only, no allocation.

bool add_local_route() {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return false;
    struct {
        nlmsghdr header;
        rtmsg route;
        rtattr attribute;
        std::uint32_t interface;
    } request{};
    static_assert(sizeof request == NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(sizeof(std::uint32_t)));
    request.header = {sizeof request, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0};
    request.route.rtm_family = AF_INET;
    request.route.rtm_table = RT_TABLE_LOCAL;
    request.route.rtm_protocol = RTPROT_BOOT;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_type = RTN_LOCAL;
    request.attribute = {RTA_LENGTH(sizeof(std::uint32_t)), RTA_OIF};
    request.interface = if_nametoindex("lo");
    struct {
        nlmsghdr header;
        nlmsgerr error;
    } reply{};
    const bool answered =
        ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request) &&
        ::recv(fd, &reply, sizeof reply, 0) >= static_cast<ssize_t>(sizeof reply.header + sizeof(int));
    ::close(fd);
    if (!answered) return false;
    errno = -reply.error.error;
    return reply.error.error == 0 || reply.error.error == -EEXIST;
}

int bound_socket(int type, std::uint32_t address, std::uint16_t port) {
    const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return -1;
    return type == SOCK_DGRAM || ::listen(fd, 128) == 0 ? fd : -1;
}

void send_report(int channel, Report report, const int* fds, std::size_t count) {
    iovec data{&report, sizeof report};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * k_most_sockets)] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        std::memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    ::sendmsg(channel, &message, MSG_NOSIGNAL);
}

[[noreturn]] void run_child(int channel, int owner, int network, const std::uint16_t* ports, std::size_t port_count) {
    std::array<int, k_most_sockets> sockets{};
    std::size_t count = 0;
    const auto give_up = [&](Step step) {
        send_report(channel, {step, errno}, nullptr, 0);
        ::_exit(1);
    };
    // The namespace belongs to the outer of bwrap's two user namespaces: join that one, not the agent's own.
    if (::setns(owner, CLONE_NEWUSER) != 0) give_up(join_owner);
    if (::setns(network, CLONE_NEWNET) != 0) give_up(join_network);
    if (!add_local_route()) give_up(route);
    for (std::size_t i = 0; i < port_count; ++i) {
        sockets[count] = bound_socket(SOCK_STREAM, INADDR_ANY, ports[i]);
        if (sockets[count++] < 0) give_up(listen_tcp);
    }
    constexpr std::uint32_t k_resolver = (127U << 24U) | 53U;
    for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
        sockets[count] = bound_socket(type, k_resolver, 53);
        if (sockets[count++] < 0) give_up(listen_dns);
    }
    send_report(channel, {done, 0}, sockets.data(), count);
    ::_exit(0);
}

std::vector<Fd> receive_report(int channel, Report& report) {
    std::vector<Fd> fds;
    pollfd ready{channel, POLLIN, 0};
    if (::poll(&ready, 1, k_patience_ms) != 1) {
        report = {done, ETIMEDOUT};
        return fds;
    }
    iovec data{&report, sizeof report};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * k_most_sockets)] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != static_cast<ssize_t>(sizeof report)) {
        report = {done, EPIPE};
        return fds;
    }
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            fds.emplace_back(fd);
        }
    }
    return fds;
}

Error failure(const std::string& what) {
    return Error(ErrorKind::no_sandbox, "the sandbox's way to the internet cannot be set up: " + what,
                 "create it without internet access");
}

}  // namespace

NamespaceSockets open_namespace_sockets(const Fd& network_namespace, const std::vector<std::uint16_t>& ports) {
    if (ports.size() + 2 > k_most_sockets) throw failure("too many ports");
    const Fd owner(::ioctl(network_namespace.get(), NS_GET_USERNS));
    if (!owner) throw failure("its owner is unknown: " + errno_text(errno));
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw failure(errno_text(errno));
    const Fd ours(ends[0]);
    Fd theirs(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) throw failure(errno_text(errno));
    if (child == 0) run_child(theirs.get(), owner.get(), network_namespace.get(), ports.data(), ports.size());
    theirs.reset();
    Report report;
    std::vector<Fd> fds = receive_report(ours.get(), report);
    ::kill(child, SIGKILL);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
    if (report.error != 0 || fds.size() != ports.size() + 2)
        throw failure(fmt::format("{}: {}", report.step < done ? k_step_names[report.step] : "the helper ended",
                                  errno_text(report.error)));
    NamespaceSockets sockets;
    sockets.dns_listener = std::move(fds.back());
    fds.pop_back();
    sockets.dns_datagram = std::move(fds.back());
    fds.pop_back();
    sockets.listeners = std::move(fds);
    return sockets;
}

}  // namespace spawnai::engine
