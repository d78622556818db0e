# The demo: real programs, with real data, under mainstayd. See scripts/demo.

.PHONY: demo demo-stop
demo: ## shows the main job: api, client, gunicorn, nextstrain, their data from S3
	+@BUILD="$(abspath $(BUILD))" MAKE="$(MAKE)" scripts/demo start
demo-stop: ## takes the demo down in order and prints the day's analytics
	+@BUILD="$(abspath $(BUILD))" MAKE="$(MAKE)" scripts/demo stop
