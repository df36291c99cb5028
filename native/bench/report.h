// What the accuracy bench found, as JSON and as Markdown, with the comparisons that a ledger lost.
#pragma once

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "traces.h"

namespace tallytree::report {

/// One number; where several seeds ran, their mean.
struct Row {
  std::string table, setting, who, metric;
  double value;
  bool ours() const { return who.starts_with("ledger"); }
  bool rivals(const Row& other) const {
    return table == other.table && setting == other.setting && metric == other.metric &&
           ours() != other.ours();
  }
  bool beats(const Row& other) const {
    const bool error = metric == "ARE" || metric == "RMSE" || metric == "WMRD";
    return error ? value < other.value : value > other.value;
  }
};

class Report {
 public:
  void note(Row row) {
    std::printf("%-22s %-22s %-18s %-9s %.5f\n", row.table.c_str(), row.setting.c_str(), row.who.c_str(),
                row.metric.c_str(), row.value);
    std::fflush(stdout);
    rows_.push_back(std::move(row));
  }

  void write_json(const std::string& path) const {
    std::ofstream out(path);
    const char* comma = "[\n";
    for (const Row& row : rows_) {
      out << comma << "  { \"table\": \"" << row.table << "\", \"setting\": \"" << row.setting
          << "\", \"who\": \"" << row.who << "\", \"metric\": \"" << row.metric
          << "\", \"value\": " << row.value << " }";
      comma = ",\n";
    }
    out << "\n]\n";
  }

  void write_markdown(const std::string& path, const std::string& preface) const {
    std::ofstream out(path);
    out << preface;
    std::string table;
    for (const Row& row : rows_) {
      if (row.table != table)
        out << "\n## " << (table = row.table)
            << "\n\n| setting | who | metric | value |\n| --- | --- | --- | ---: |\n";
      out << "| " << row.setting << " | " << row.who << " | " << row.metric << " | " << text(row.value)
          << " |\n";
    }
    out << "\n## Where every ledger of the table loses\n\n";
    for (const Row& row : rows_)
      if (lost(row))
        out << "- " << row.table << ", " << row.setting << ", " << row.metric << ": " << row.who << " has "
            << text(row.value) << "\n";
  }

 private:
  static std::string text(double value) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.5f", value);
    return buffer;
  }
  /// A peer's row that is better than each ledger's beside it.
  bool lost(const Row& peer) const {
    bool compared = false;
    for (const Row& row : rows_) {
      if (peer.ours() || !row.rivals(peer)) continue;
      if (!peer.beats(row)) return false;
      compared = true;
    }
    return compared;
  }

  std::vector<Row> rows_;
};

/// Adds up what several seeds gave.
class Means {
 public:
  void add(const std::string& who, const std::string& metric, double value) {
    for (Sum& sum : sums_) {
      if (sum.who != who || sum.metric != metric) continue;
      sum.value += value, ++sum.n;
      sum.least = std::min(sum.least, value);
      return;
    }
    sums_.push_back({who, metric, value, value, 1});
  }
  void add(const std::string& who, const traces::Score& score) {
    add(who, "F1", score.f1);
    add(who, "ARE", score.are);
  }
  void write(Report& report, const std::string& table, const std::string& setting) const {
    for (const Sum& sum : sums_) {
      report.note({table, setting, sum.who, sum.metric, sum.value / sum.n});
      if (sum.metric == "F1") report.note({table, setting, sum.who, "worst F1", sum.least});
    }
  }

 private:
  struct Sum {
    std::string who, metric;
    double value, least;
    int n;
  };
  std::vector<Sum> sums_;
};

}  // namespace tallytree::report
