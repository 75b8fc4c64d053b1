# Sources of this folder, for the target rules.
