# make check-corpus CORPUS=DIR: real configurations against what Supervisor makes of them.
.PHONY: check-corpus
check-corpus: $(BUILD)/mainstayd
	@test -n "$(CORPUS)" || { echo "check-corpus: say which folder: CORPUS=DIR" >&2; exit 2; }
	@test/compat/corpus/check $(abspath $(BUILD)/mainstayd) "$(CORPUS)"
