// The books of an NFQUEUE: ids in 64 bits and their holes, the kernel's counters, the times it was not there.
#include "check.h"
#include "core/gaps.h"
#include "core/pace.h"
#include "core/packet_ids.h"
#include "core/precedence.h"
#include "core/queue_counters.h"

using namespace tallytree;

TEST(ids_wrap_and_their_holes_are_lost) {
  PacketIds ids;
  ids.note(1);
  ids.note(2);
  ids.note(5);
  CHECK_EQ(ids.position(), 5u);
  CHECK_EQ(ids.lost(), 2u);
  ids.settle(0xfffffffeu);
  ids.note(0xffffffffu);
  ids.note(0);
  CHECK_EQ(ids.position(), uint64_t{1} << 32);
  CHECK_EQ(ids.lost(), 2u + (0xfffffffeu - 5u));
}

TEST(an_id_that_comes_late_was_not_lost) {
  PacketIds ids;
  ids.settle(3);
  CHECK_EQ(ids.lost(), 3u);
  ids.note(2);
  CHECK_EQ(ids.lost(), 2u);
  CHECK_EQ(ids.position(), 3u);
}

TEST(what_came_before_the_beginning_is_not_in_the_sum) {
  PacketIds ids;
  ids.note(4);
  ids.begin();
  ids.note(6);
  CHECK_EQ(ids.since_begin(), 2u);
  CHECK_EQ(ids.lost(), 1u);
}

TEST(the_line_of_one_queue_is_found_among_others) {
  constexpr const char* kText =
      "    7   4711     3 2 65535     0     0        9  1\n"
      " 8000 4712\n"
      " 8000   4712    12 2   160     5     6   777777  1\n";
  QueueCounters found;
  CHECK(find_queue(kText, 7, found));
  CHECK_EQ(found.waiting, 3u);
  CHECK_EQ(found.last_id, 9u);
  CHECK(find_queue(kText, 8000, found));
  CHECK_EQ(found.queue_dropped, 5u);
  CHECK_EQ(found.user_dropped, 6u);
  CHECK_EQ(found.last_id, 777777u);
  CHECK(!find_queue(kText, 8001, found));
  CHECK(!find_queue("", 7, found));
}

TEST(gaps_open_and_close_and_the_oldest_are_joined) {
  Gaps gaps;
  gaps.begin(10, "hung");
  gaps.begin(11, "flushed");
  CHECK(gaps.open());
  gaps.end(20);
  CHECK_EQ(gaps.all().size(), 1u);
  CHECK_EQ(gaps.all()[0].reason, "hung");
  for (uint64_t at = 1; at <= Gaps::kMost; ++at) {
    gaps.begin(100 * at, "flushed");
    gaps.end(100 * at + 1);
  }
  CHECK_EQ(gaps.all().size(), Gaps::kMost);
  CHECK_EQ(gaps.all()[0].from_ns, 10u);
  CHECK_EQ(gaps.all()[0].to_ns, 101u);
  CHECK_EQ(gaps.all()[0].reason, "several");
}

TEST(a_thread_goes_before_others_while_it_takes_half_a_core_at_most) {
  constexpr uint64_t kMs = 1'000'000;
  Precedence precedence;
  CHECK(precedence.is_modest(0, 1000 * kMs));
  CHECK(precedence.is_modest(50 * kMs, 1100 * kMs));
  CHECK(!precedence.is_modest(101 * kMs, 1200 * kMs));
  CHECK(!precedence.is_modest(101 * kMs, 6100 * kMs));
  CHECK(precedence.is_modest(101 * kMs, 6200 * kMs));
}

TEST(dense_packets_are_let_gather_until_a_read_is_empty) {
  const auto gathering = [](uint64_t apart_ns, size_t reads) {
    Pace pace;
    for (size_t i = 0; i < reads; ++i) pace.note(1, i * apart_ns);
    return pace.gathering().count();
  };
  CHECK_EQ(gathering(4'000, 65), 32 * 3937);  // 63 gaps among 64 packets
  CHECK_EQ(gathering(14'000, 65), 200'000);
  CHECK_EQ(gathering(500, 65), 60'000);
  CHECK_EQ(gathering(4'000, 63), 0);
  CHECK_EQ(gathering(20'000, 1000), 0);
  Pace pace;
  pace.note(64, 0);
  CHECK(pace.gathering().count() > 0);
  pace.note(0, 1);
  CHECK_EQ(pace.gathering().count(), 0);
}
