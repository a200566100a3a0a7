scores = {"a": [1, 2]}
print(f"{sum(scores['a'])} of {len(scores):>3}", f"{'}'} {{x}}", f'''{scores or ''}''')
