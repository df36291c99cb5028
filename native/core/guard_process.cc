// The guard is started with one end of a socket pair as its stdin.
#include "guard_process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "clocks.h"
#include "spawn.h"

namespace tallytree {
namespace {

constexpr int kPatienceMs = 5000;
constexpr int kPollMs = 10;

std::string joined(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::vector<std::string> words_of(const GuardOptions& options) {
  const std::string number = std::to_string(options.queue);
  if (options.logs) return {options.path, "--log", number};
  const std::string port = std::to_string(options.agent_port);
  return {options.path, "--queue", number, "--agent-port", port, "--sockets", joined(options.sockets)};
}

uint64_t number_of(const std::string& text) noexcept { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

GuardProcess::GuardProcess(const GuardOptions& options, Gaps& gaps) : gaps_(gaps) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    throw_errno("opening the guard's socket pair");
  socket_ = Descriptor(ends[0]);
  const Descriptor theirs(ends[1]);
  if (options.measured != Direction::none) measure(options.measured);
  pid_ = spawn(words_of(options), theirs.get(), kNothing, "starting tallytree-guard");
}

GuardProcess::~GuardProcess() {
  stop();
  for (int waited = 0; !ended() && waited < kPatienceMs; waited += kPollMs) poll(nullptr, 0, kPollMs);
}

void GuardProcess::heartbeat(size_t reader) noexcept {
  const auto sign = static_cast<char>('@' + reader);
  send(socket_.get(), &sign, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void GuardProcess::measure(Direction directions) noexcept {
  const auto digit = static_cast<char>('0' + static_cast<int>(directions));
  if (send(socket_.get(), &digit, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return;
  turning_ = true;
  measured_ = measured_ & directions;
}

void GuardProcess::ask_uncounted() noexcept {
  answered_ = exact_ = false;
  send(socket_.get(), "?", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void GuardProcess::take_line(const std::string& line) {
  const size_t space = std::min(line.find(' '), line.size());
  take_report(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
}

void GuardProcess::take_report(const std::string& word, const std::string& rest) {
  if (word == "error") {
    state_ = State::failed;
    error_ = rest;
  } else if (word == "uncounted") {
    uncounted_ = number_of(rest);
    answered_ = true;
    exact_ = rest.ends_with("exact");
  } else if (word == "measuring") {
    turning_ = false;
    measured_ = static_cast<Direction>(number_of(rest));
    take_standing(wall_clock_ns());
  } else if (word == "away") {
    state_ = State::rules_away;
    const size_t space = std::min(rest.find(' '), rest.size());
    gaps_.begin(number_of(rest.substr(space)), rest.substr(0, space));
  } else if (word == "degraded") {
    state_ = State::rules_away;
    obstacle_ = rest;
    gaps_.begin(wall_clock_ns(), "locked");
  } else if (word == "installed" || word == "ready") {
    if (!turning_) take_standing(word == "ready" ? wall_clock_ns() : number_of(rest));
  }
}

/// All the rules that were asked for.
void GuardProcess::take_standing(uint64_t at_ns) {
  state_ = State::watching;
  obstacle_.clear();
  gaps_.end(at_ns);
}

GuardProcess::State GuardProcess::update() noexcept {
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return state_;
    if (size == 0) {
      state_ = State::failed;
      return state_;
    }
    pending_.append(buffer.data(), static_cast<size_t>(size));
    for (size_t end; (end = pending_.find('\n')) != std::string::npos; pending_.erase(0, end + 1))
      take_line(pending_.substr(0, end));
  }
}

void GuardProcess::stop() noexcept { shutdown(socket_.get(), SHUT_WR); }

bool GuardProcess::ended() noexcept {
  if (pid_ <= 0) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return false;
  pid_ = -1;
  return true;
}

}  // namespace tallytree
