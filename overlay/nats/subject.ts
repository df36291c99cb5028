// Subjects of NATS: one an agent, made of its address so that any name is one valid token.

const prefix = "tallytree.agent.";

/** Letters, digits, "-" and "_" stand for themselves, every other byte as "=" and two hexadecimal digits. */
export function subjectOf(name: string): string {
  const token = [...Buffer.from(name, "utf8")].map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[\w-]/.test(letter) ? letter : `=${byte.toString(16).padStart(2, "0")}`;
  });
  return prefix + token.join("");
}
