// A tap: one source of packets, the engine it feeds, and the thread both live on.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine.h"
#include "source.h"

namespace tallytree {

class Tap {
 public:
  using Task = std::function<void(Engine&, Source&)>;
  using Answer = std::function<void()>;

  /// Opens the thread; reading begins with start(). `at_end` is called on that thread when the source can
  /// give no more.
  Tap(std::unique_ptr<Source> source, std::function<void()> at_end);
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;
  ~Tap();

  void start();

  /// Runs the task on the tap's thread, once every packet that the kernel had accepted when the thread took
  /// it up is counted (at most 50 ms later). Tasks run in the order posted. Behind it the answer, once the
  /// source heeds what it was told. False when the tap has stopped.
  bool post(
      Task task, Answer answer = [] {});

  /// Ends the thread, runs the tasks it had left and closes the source. Idempotent.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  struct Posted {
    Task task;
    Answer answer;
  };

  /// A task waits for the packets that were there before it.
  struct Waiting {
    Posted posted;
    uint64_t target;
    Clock::time_point deadline;
  };

  void run();
  bool count_batch();
  void take_posted();
  void serve_settled();
  void run(Posted& posted);
  void find_settled();
  void give_answers();
  void keep_time();
  void wait();

  std::unique_ptr<Source> source_;
  std::function<void()> at_end_;
  Engine engine_;
  std::array<Packet, kBatch> batch_;
  std::deque<Waiting> waiting_;
  std::vector<Answer> answers_;  // of tasks that were run
  size_t ready_ = 0;             // of waiting_, whose packets are counted and leave the flow caches
  Clock::time_point next_tick_{};
  size_t counted_ = 0;  // since the thread slept
  bool ended_ = false;

  std::mutex mutex_;
  std::vector<Posted> posted_;  // under mutex_
  bool stopped_ = false;        // under mutex_
  std::atomic<bool> has_posted_ = false;
  std::atomic<bool> started_ = false;
  std::atomic<bool> stopping_ = false;
  int wake_fd_;
  std::thread thread_;
};

}  // namespace tallytree
