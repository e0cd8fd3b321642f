"""The sentences the platform itself says, in Chinese and English; read by `yiwang.kit.words`."""
