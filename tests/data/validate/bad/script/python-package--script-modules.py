import pandas as pd
import numpy as np
print(pd.DataFrame(np.zeros((2, 2))))
