// Keys: which parts of a packet a counter counts by, and their compact form in a ledger.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "labels.h"
#include "packet.h"
#include "siphash.h"

namespace tallytree {

/// Byte 0: how many bytes follow (1 to 55). Then the parts in the order of the key type: an address has 4 or
/// 16 bytes (so the length tells the family), numbers as many as kForms in key_fields.h says; network byte
/// order. The rest is zero.
struct alignas(8) Key {
  static constexpr size_t kBytes = 56;  ///< all parts at once
  std::array<uint8_t, kBytes> bytes{};

  size_t length() const noexcept { return bytes[0]; }
  size_t words() const noexcept { return (length() + 8) / 8; }
  std::span<const uint8_t> content() const noexcept { return {bytes.data() + 1, length()}; }
  bool operator==(const Key&) const = default;

  uint64_t hash(const Secret& secret) const noexcept { return siphash13(secret, bytes.data(), words()); }
};

/// Parsed from text such as "src", "src_dport", "src/24_dst", "src_sport_dst_dport_proto": each part at most
/// once.
class KeyType {
 public:
  enum class Field : uint8_t {
    src,
    dst,
    sport,
    dport,
    proto,
    vlan,
    vni,
    gre_key,
    netns,
    container
  };  // kForms

  struct Part {
    Field field;
    int prefix;         // bits of an address that count; -1: all
    uint32_t mask = 0;  // of an IPv4 address, network byte order
    bool is_address() const noexcept { return field == Field::src || field == Field::dst; }
    bool is_label() const noexcept { return field == Field::netns || field == Field::container; }
    bool is_port() const noexcept { return field == Field::sport || field == Field::dport; }
    /// In a key whose addresses have `address_bytes`.
    size_t bytes(size_t address_bytes) const noexcept;
    /// Leading bits that no packet sets.
    int unused_bits() const noexcept;
  };

  /// Throws std::invalid_argument with a sentence that names the bad part.
  static KeyType parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  /// In the order of the text, which is that of a key's bytes.
  std::span<const Part> parts() const noexcept { return parts_; }

  /// Longest key in bytes, its length byte included, for IPv4 or IPv6 packets.
  size_t width(int family) const noexcept;

  /// False when the packet has no such key (a port part and a packet without ports).
  bool make(const Packet& packet, Key& key) const noexcept;
  /// Whether it has.
  bool fits(const Packet& packet) const noexcept { return !needs_ports_ || packet.has_ports; }
  /// The same for many packets, all of them IPv4 and fitting, in place of empty keys.
  void make_v4(std::span<const Packet* const> packets, Key* keys) const noexcept;

  /// Text of a key: the parts joined by ",", IPv6 in RFC 5952 form. Throws std::invalid_argument for bytes
  /// that are not a key of this type.
  std::string print(const Key& key) const;

  /// The reverse; takes any usual spelling of an address. Throws std::invalid_argument.
  Key read(std::string_view text) const { return read(text, false); }
  /// The same of a text whose labels are to be printed as they are. Throws as Labels::add() besides.
  Key learn(std::string_view text) const { return read(text, true); }

  bool has_addresses_only() const noexcept { return addresses_ == parts_.size(); }
  bool has_labels() const noexcept { return has_labels_; }
  /// Of a type with labels: where its texts are, and which a packet has. All copies share it.
  void use(std::shared_ptr<Labels> labels) noexcept {
    if (has_labels_) labels_ = std::move(labels);
  }
  const std::shared_ptr<Labels>& labels() const noexcept { return labels_; }
  /// Takes over the texts of another type's labels. Throws as Labels::add().
  void add_labels(const KeyType& other) const {
    if (labels_ && other.labels_) labels_->add_all(*other.labels_);
  }
  /// The labels of a key, by number.
  void visit_labels(const Key& key, const std::function<void(uint32_t)>& visit) const;

  bool operator==(const KeyType& other) const noexcept { return text_ == other.text_; }

 private:
  static Part parse_part(std::string_view text);
  uint32_t read_label(std::string_view text, const Part& part, bool learns) const;
  Key read(std::string_view text, bool learns) const;
  size_t fixed_length(size_t address_bytes) const noexcept;
  int family_of(size_t length) const;

  std::string text_;
  std::vector<Part> parts_;
  bool needs_ports_ = false;
  bool has_labels_ = false;
  std::shared_ptr<Labels> labels_;  // with labels
  size_t addresses_ = 0;
};

/// A network prefix of either family, for filters: "10.0.0.0/8", "2001:db8::1".
struct Prefix {
  Address address{};
  Address mask{};
  int family = 4;

  static Prefix parse(std::string_view text);  ///< throws std::invalid_argument
  bool contains(int packet_family, const Address& candidate) const noexcept;
};

/// Clears all but the first `bits` bits.
void mask_address(uint8_t* address, size_t bytes, int bits) noexcept;

}  // namespace tallytree
